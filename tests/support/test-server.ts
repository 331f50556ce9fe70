import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { splitIntoFolder } from '../../cli/shard-folder.ts';
import type { ServedModel } from '../../signaling-server/served-model.ts';
import { type RunningServer, type ServerOptions, startServer } from '../../signaling-server/server.ts';
import { makeTinyModel } from '../fixtures/tiny-model.ts';
import { readMetric } from './read-metric.ts';

/** A server on a free port with a tiny model `tiny` in four shards, and a page of three files. */
export interface TestServer extends RunningServer {
  readonly url: string;
  readonly model: ServedModel;
  /** Holds everything; gone after `stop`. */
  readonly folder: string;
  /** A metric's value; 0 when it was never counted. */
  metric(nameAndLabels: string): Promise<number>;
  /** Starts it again in the same folder, on the same port. @param changed - options that are others now */
  restart(changed?: Partial<ServerOptions>): Promise<TestServer>;
  stop(): Promise<void>;
}

export async function startTestServer(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-server-'));
  await mkdir(join(folder, 'page/assets'), { recursive: true });
  await writeFile(join(folder, 'page/index.html'), '<h1>Shoal</h1>');
  await writeFile(join(folder, 'page/assets/main-abc123.js'), 'export {};');
  await writeFile(join(folder, 'page/.sources'), 'hidden');
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await writeFile(join(folder, 'tiny.gguf'), makeTinyModel({ layerCount: 8, width: 64 }));
  const directory = join(folder, 'shards');
  const { manifest, manifestId } = await splitIntoFolder(join(folder, 'tiny.gguf'), { shardCount: 4, directory });
  return start(folder, { manifest, manifestId, directory }, options);
}

async function start(folder: string, model: ServedModel, options: Partial<ServerOptions>): Promise<TestServer> {
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    pageDirectory: join(folder, 'page'),
    dataDirectory: folder,
    models: [model],
    iceServers: [],
    version: '1.2.3',
    ...options,
  });
  const url = server.urls[0]!;
  return {
    ...server,
    url,
    model,
    folder,
    metric: (name) => readMetric(url, name),
    restart: async (changed) => {
      await server.close();
      return start(folder, model, { ...options, ...changed, port: Number(new URL(url).port) });
    },
    stop: async () => {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}
