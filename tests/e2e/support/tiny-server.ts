import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeTinyModel, type TinyModelOptions } from '../../fixtures/tiny-model.ts';
import { type ServerProcess, startServer } from './server.ts';

/** A server of a tiny model in a folder of its own. */
export interface TinyServer extends ServerProcess {
  /** Holds the model file and `shards/tiny`. */
  readonly dataDir: string;
  readonly modelFile: string;
  /** Starts it again on the same port after it was killed. */
  restart(): Promise<TinyServer>;
}

/**
 * Starts `shoal serve` for a tiny model with random weights: everything is real but the answers' sense.
 * @param within - as of `startServer`
 */
export async function startTinyServer(
  options: readonly string[] = [],
  model: TinyModelOptions = { type: 'Q4_1' },
  within: readonly string[] = [],
): Promise<TinyServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'shoal-test-'));
  const modelFile = join(dataDir, 'tiny.gguf');
  writeFileSync(modelFile, makeTinyModel(model));
  return start(dataDir, modelFile, options, within);
}

async function start(
  dataDir: string,
  modelFile: string,
  options: readonly string[],
  within: readonly string[],
): Promise<TinyServer> {
  const server = await startServer(['--model', modelFile, '--data', dataDir, ...options], within);
  const stop = async () => {
    const status = await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
    return status;
  };
  const restart = () => {
    const { port } = new URL(server.url);
    return start(dataDir, modelFile, ['--port', port, ...options], within);
  };
  return { ...server, dataDir, modelFile, stop, restart };
}
