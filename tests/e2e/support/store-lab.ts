import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Plugin } from 'vite';
import { Metrics } from '../../../signaling-server/metrics.ts';
import { Tracker } from '../../../signaling-server/tracker.ts';
import type { ManifestShard } from '../../../src/protocol/manifest.ts';
import { PIECE_LENGTH, ShardHasher } from '../../../src/store/metainfo/torrent-file.ts';
import { seededRandom } from '../../fixtures/random.ts';

/** `flipped` has one wrong bit, `slow` takes its time, `away` answers 503. */
export type SeedName = 'good' | 'flipped' | 'slow' | 'away';

/** The server of `tests/e2e/pages/store.html`: the page, a tracker, and web seeds that may be wrong. */
export interface StoreLabServer {
  readonly shard: ManifestShard;
  /** What the tests change and count. */
  readonly state: { torrentServed: boolean; seedRequests: number; seedBytes: number };
  /** The page with this web seed or none, and other search parameters. */
  pageUrl(seed?: SeedName, parameters?: Readonly<Record<string, string>>): string;
  /** Ends the tracker's sockets and refuses new ones, until it is up again. */
  setTracker(up: boolean): void;
  close(): Promise<void>;
}

/** Two pieces and a bit. */
const HEADER_BYTES = 600_000;
const SLOW_MS = 100;

export async function startStoreLab(sizeBytes: number): Promise<StoreLabServer> {
  const bytes = randomBytes(sizeBytes);
  const flipped = bytes.slice();
  flipped[Math.floor(sizeBytes / 3)]! ^= 1;
  const hasher = await ShardHasher.create('shard-0.gguf', PIECE_LENGTH);
  hasher.update(bytes);
  const { torrent, ...digest } = hasher.finish();
  const shard: ManifestShard = {
    index: 0,
    fileName: 'shard-0.gguf',
    ...digest,
    headerBytes: HEADER_BYTES,
    layers: { start: 0, end: 1 },
    hasEmbedding: true,
    hasOutput: true,
  };
  const state = { torrentServed: true, seedRequests: 0, seedBytes: 0 };
  let trackerUp = true;
  let tracker = new Tracker(new Set([shard.infoHash]), new Metrics());

  const sendRange = (request: IncomingMessage, response: ServerResponse, file: Uint8Array) => {
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')!;
    const part = file.subarray(Number(start), Number(end) + 1);
    state.seedBytes += part.length;
    response.writeHead(206, { 'Content-Length': part.length }).end(part);
  };
  const seeds: Record<SeedName, (request: IncomingMessage, response: ServerResponse) => void> = {
    good: (request, response) => sendRange(request, response, bytes),
    flipped: (request, response) => sendRange(request, response, flipped),
    slow: (request, response) =>
      void setTimeout(() => {
        // What nobody waits for any more is not sent, and not counted.
        if (!request.socket.destroyed) sendRange(request, response, bytes);
      }, SLOW_MS),
    away: (_, response) => void response.writeHead(503).end(),
  };
  const answer = (request: IncomingMessage, response: ServerResponse, next: () => void) => {
    const [, what, name] = /^\/lab\/(manifest|torrent|seed)(?:\/(.+))?$/.exec(request.url ?? '') ?? [];
    if (what === 'manifest') {
      response.end(JSON.stringify({ shard, pieceLength: PIECE_LENGTH }));
    } else if (what === 'torrent') {
      response.writeHead(state.torrentServed ? 200 : 404).end(state.torrentServed ? torrent : '');
    } else if (what === 'seed') {
      state.seedRequests++;
      seeds[name as SeedName](request, response);
    } else {
      next();
    }
  };
  const lab: Plugin = {
    name: 'store-lab',
    configureServer: ({ middlewares, httpServer }) => {
      middlewares.use(answer);
      httpServer!.on('upgrade', (request: IncomingMessage, socket, head) => {
        if (request.url !== '/lab/announce') return;
        if (trackerUp) tracker.handleUpgrade(request, socket, head);
        else socket.destroy();
      });
    },
  };
  const server = await createServer({
    cacheDir: '.cache/vite-store',
    logLevel: 'error',
    plugins: [lab],
    server: { host: '127.0.0.1', port: 0, hmr: false, watch: null },
    optimizeDeps: {
      entries: ['tests/e2e/pages/store.html'],
      include: ['webtorrent', 'comlink', 'hash-wasm', 'idb-keyval', 'bencode', 'valibot'],
    },
  });
  await server.listen();
  const address = server.httpServer!.address();
  if (!address || typeof address === 'string') throw new Error('The lab has no port.');
  const base = `http://127.0.0.1:${address.port}/tests/e2e/pages/store.html`;
  return {
    shard,
    state,
    pageUrl: (seed, parameters = {}) => `${base}?${new URLSearchParams({ ...parameters, ...(seed ? { seed } : {}) })}`,
    setTracker: (up) => {
      if (trackerUp === up) return;
      trackerUp = up;
      tracker.close();
      tracker = new Tracker(new Set([shard.infoHash]), new Metrics());
    },
    close: async () => {
      tracker.close();
      await server.close();
    },
  };
}

function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4));
  const random = seededRandom(1);
  for (let index = 0; index < words.length; index++) words[index] = random() * 2 ** 32;
  return new Uint8Array(words.buffer, 0, length);
}
