import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { withLinks } from '../src/store/metainfo/torrent-file.ts';
import { sendFile } from './file-response.ts';
import { baseUrlOf } from './origin.ts';
import type { ServedModel } from './served-model.ts';

const ROUTE = /^\/models\/([A-Za-z0-9._-]+)\/(manifest\.json|(shard-\d{1,4})\.(gguf|torrent))$/;

/** Weights may be fetched by pages of any origin: they are public, and a web seed serves other servers' swarms too. */
const OPEN_TO_ALL = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Accept-Ranges, Content-Length, Content-Range, ETag',
  'Cross-Origin-Resource-Policy': 'cross-origin',
};
/** Kept, but asked for again: another file may be served under the same name tomorrow. */
const REVALIDATE = { 'Cache-Control': 'no-cache, no-transform' };

/** `/models/<name>/`: manifests, shards with ranges, and their torrents. Only files that a manifest lists exist here. */
export class ModelRoutes {
  readonly #models: ReadonlyMap<string, ServedModel>;
  readonly #trackerPath: string | undefined;
  readonly #publicUrl: URL | undefined;
  readonly #isSpoiled: (path: string) => boolean;

  /**
   * @param trackerPath - named in torrents with the web seed; without it they have no links
   * @param isSpoiled - whether a shard's file is known to hold other bytes
   */
  constructor(
    models: readonly ServedModel[],
    trackerPath: string | undefined,
    publicUrl?: URL,
    isSpoiled: (path: string) => boolean = () => false,
  ) {
    this.#models = new Map(models.map((model) => [model.manifest.name, model]));
    this.#trackerPath = trackerPath;
    this.#isSpoiled = isSpoiled;
    this.#publicUrl = publicUrl;
  }

  /** @returns bytes of files sent; undefined when there is no such file, and nothing is sent then */
  async handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<number | undefined> {
    const [, name = '', fileName = '', shardName, kind] = ROUTE.exec(path) ?? [];
    const model = this.#models.get(name);
    if (!model) return undefined;
    if (request.method === 'OPTIONS') {
      response.writeHead(204, {
        ...OPEN_TO_ALL,
        'Access-Control-Allow-Methods': 'GET, HEAD',
        'Access-Control-Allow-Headers': 'Range, If-Range, If-None-Match',
        'Access-Control-Max-Age': 86_400,
      });
      response.end();
      return 0;
    }
    const headers = { ...OPEN_TO_ALL, ...REVALIDATE };
    if (!shardName) {
      return sendFile(request, response, join(model.directory, 'manifest.json'), {
        etag: `"${model.manifestId}"`,
        headers,
      });
    }
    const shard = model.manifest.shards.find((candidate) => candidate.fileName === `${shardName}.gguf`);
    if (!shard) return undefined;
    if (kind === 'torrent') return this.#sendTorrent(request, response, model, shardName);
    const file = join(model.directory, fileName);
    if (this.#isSpoiled(file)) {
      response.writeHead(503, { ...OPEN_TO_ALL, 'Content-Type': 'text/plain; charset=utf-8', 'Retry-After': '60' });
      response.end("This file has changed on the server's disk, and is not served before it is made anew.\n");
      return 0;
    }
    return sendFile(request, response, file, { etag: `"${shard.sha256}"`, headers });
  }

  /** The torrent with this server's tracker and web seed, as the client reaches them. */
  async #sendTorrent(
    request: IncomingMessage,
    response: ServerResponse,
    { manifest, directory }: ServedModel,
    shardName: string,
  ): Promise<number | undefined> {
    const base = baseUrlOf(request, this.#publicUrl);
    const path = this.#trackerPath;
    const torrent = withLinks(await readFile(join(directory, `${shardName}.torrent`)), {
      announce: path === undefined ? [] : [`${base.replace(/^http/, 'ws')}${path}`, `${base}${path}`],
      webSeeds: path === undefined ? [] : [`${base}/models/${manifest.name}/${shardName}.gguf`],
    });
    response.writeHead(200, {
      ...OPEN_TO_ALL,
      'Cache-Control': 'no-store',
      'Content-Type': 'application/x-bittorrent',
      'Content-Disposition': `attachment; filename="${shardName}.torrent"`,
      'Content-Length': torrent.length,
    });
    response.end(request.method === 'HEAD' ? undefined : torrent);
    return 0;
  }
}
