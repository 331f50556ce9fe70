import { ShoalError } from '../../../src/core/errors.ts';
import { collectAllGarbage } from '../../../src/core/garbage.ts';
import type { ManifestShard } from '../../../src/protocol/manifest.ts';
import { IdbShardReader } from '../../../src/store/idb/idb-shard-reader.ts';
import type { ShardStore, Transfer } from '../../../src/store/shard-store.ts';
import { createTorrentShardStore } from '../../../src/store/torrent-shard-store.ts';
import { storeThread } from '../../../workers/store-client.ts';

/**
 * A tab with nothing but a shard store, for tests to drive. `?seed=NAME` names the web seed, if any; `sha256=HEX` makes
 * the manifest wrong.
 */
export interface StoreLab {
  readonly store: ShardStore;
  readonly shard: ManifestShard;
  /** Every transfer event so far, with the time. */
  readonly events: readonly (Transfer & { readonly atMs: number })[];
  /** Obtains the shard; milliseconds, or the error's code and message. */
  obtain(): Promise<Outcome>;
  obtainHeader(): Promise<Outcome & { readonly bytes?: number }>;
  /** Imports what a web seed has. */
  importShard(seed: string): Promise<Outcome>;
  transfer(): Transfer;
  /** Whether what nothing holds is gone once all garbage was collected. */
  collects(): Promise<boolean>;
  /** Times in milliseconds. */
  measure(): Promise<{ readonly hashMs: number; readonly readMs: number; readonly smallReadsMs: number }>;
}

export interface Outcome {
  readonly ms: number;
  readonly error?: { readonly code: string; readonly message: string };
}

declare global {
  interface Window {
    lab: StoreLab;
  }
}

/** About a large tensor's read. */
const READ_BYTES = 1 << 20;

const query = new URLSearchParams(location.search);
const seed = query.get('seed');
const manifest = (await (await fetch('/lab/manifest')).json()) as { shard: ManifestShard; pieceLength: number };
const { pieceLength } = manifest;
const shard: ManifestShard = { ...manifest.shard, sha256: query.get('sha256') ?? manifest.shard.sha256 };
const store = createTorrentShardStore({
  announce: [`ws://${location.host}/lab/announce`],
  iceServers: [],
  pieceLength,
  webSeedUrl: () => (seed ? new URL(`/lab/seed/${seed}`, location.href).href : undefined),
  thread: storeThread,
});
const origin = {
  shard,
  fetchTorrent: async () => {
    const response = await fetch('/lab/torrent');
    return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
  },
};
const events: (Transfer & { readonly atMs: number })[] = [];
store.onTransfer((transfer) => events.push({ ...transfer, atMs: performance.now() }));

async function timed<Result extends object>(run: () => Promise<Result>): Promise<Outcome & Partial<Result>> {
  const startMs = performance.now();
  try {
    const result = await run();
    return { ms: performance.now() - startMs, ...result };
  } catch (thrown) {
    return { ms: performance.now() - startMs, error: ShoalError.from(thrown).toWire() } as Outcome & Partial<Result>;
  }
}

async function elapsedMs(run: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await run();
  return performance.now() - startMs;
}

window.lab = {
  store,
  shard,
  events,
  obtain: () =>
    timed(async () => {
      await store.obtain(origin, { signal: AbortSignal.timeout(90_000) });
      return {};
    }),
  obtainHeader: () =>
    timed(async () => ({ bytes: (await store.obtainHeader(origin, { signal: AbortSignal.timeout(600_000) })).length })),
  importShard: (name) =>
    timed(async () => {
      const file = await (
        await fetch(`/lab/seed/${name}`, { headers: { range: `bytes=0-${shard.sizeBytes - 1}` } })
      ).blob();
      const read = async (offset: number, length: number) =>
        new Uint8Array(await file.slice(offset, offset + length).arrayBuffer());
      await store.importShard(shard, read, {});
      return {};
    }),
  transfer: () => store.transfers().find(({ infoHash }) => infoHash === shard.infoHash)!,
  collects: async () => {
    const garbage = new WeakRef({});
    // Within the task that made it, a weak reference holds its object.
    await new Promise((resolve) => setTimeout(resolve));
    collectAllGarbage();
    return garbage.deref() === undefined;
  },
  measure: async () => {
    await storeThread.hash(shard, pieceLength);
    const reader = new IdbShardReader(shard, pieceLength);
    const hashMs = await elapsedMs(() => storeThread.hash(shard, pieceLength));
    const readMs = await elapsedMs(async () => {
      for (let offset = 0; offset < shard.sizeBytes; offset += READ_BYTES) {
        await reader.read(offset, Math.min(READ_BYTES, shard.sizeBytes - offset));
      }
    });
    const smallReadsMs = await elapsedMs(async () => {
      for (let offset = 0; offset < 1 << 20; offset += 4096) await reader.read(offset, 4096);
    });
    return { hashMs, readMs, smallReadsMs };
  },
};
