import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ManifestShard } from '../../../src/protocol/manifest.ts';
import { LAYER_SPLIT } from '../../../src/protocol/model-source.ts';
import type { HubRefusal, HubRun } from '../../../src/store/hub/hub-thread.ts';
import type { FetchedRun } from '../../../src/store/idb/store-thread.ts';
import type { HubRecord } from '../../../src/store/torrent/hub-copy.ts';
import { WholeCopy } from '../../../src/store/torrent/whole-copy.ts';

const PIECE_BYTES = 1024 * 1024;
const PIECES = 12;
const SIZE = PIECES * PIECE_BYTES;
const TORRENT = new Uint8Array([1, 2, 3]);
const range = (start: number, end: number) => Array.from({ length: end - start }, (_, index) => start + index);
const SOURCE = { split: LAYER_SPLIT, files: [{ url: 'https://hub.example/model.gguf', sizeBytes: 4 * SIZE }] };

let copy: WholeCopy;
let record: HubRecord;
let ready: boolean;
let kept: Set<number>;
let asked: number[];
let give: (run: HubRun, signal: AbortSignal) => Promise<FetchedRun | HubRefusal>;
let take: () => Promise<Uint8Array | undefined>;
/** As told. */
let aside: number;
let whole: Uint8Array[];
let errors: string[];

const all = async ({ first, count }: HubRun) => {
  const stored = range(first, first + count);
  for (const piece of stored) kept.add(piece);
  return { bytes: count * PIECE_BYTES, stored, wrong: [] };
};

async function open(): Promise<void> {
  copy = await WholeCopy.open({
    hub: { source: SOURCE, layerCount: 4, shards: [], allowed: () => true },
    record,
    shard: { sizeBytes: SIZE, fileName: 'shard-0.gguf', infoHash: 'a' } as ManifestShard,
    pieceLength: PIECE_BYTES,
    chunks: { pieces: async () => [...kept], delete: async () => kept.clear() },
    thread: {
      fetchFromHub: (run, signal) => {
        expect(run.sha1).toBeUndefined();
        asked.push(...range(run.first, run.first + run.count));
        return give(run, signal);
      },
      takeAside: () => take(),
    },
    ready: () => ready,
    serverGives: () => false,
    nobodyKnown: () => false,
    onAside: (_bytes, pieces) => {
      aside = pieces.size;
    },
    onWhole: (torrent) => whole.push(torrent),
    onError: ({ code }) => errors.push(code),
  });
  copy.wake();
}

beforeEach(async () => {
  vi.useFakeTimers();
  record = { askedBytes: 0, refusal: undefined };
  kept = new Set();
  [asked, whole, errors, ready, give] = [[], [], [], true, all];
  take = async () => (kept.size === PIECES ? TORRENT : undefined);
});
afterEach(() => {
  copy.close();
  vi.useRealTimers();
});

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);
const sorted = () => asked.toSorted((a, b) => a - b);

it('asks for each piece once when nobody has told hashes for ten seconds, and gives the torrent', async () => {
  await open();
  await pass(9);
  expect(asked).toEqual([]);
  await pass(3);
  expect(sorted()).toEqual(range(0, PIECES));
  expect(whole).toEqual([TORRENT]);
});

it('goes on where a page before has left off', async () => {
  kept = new Set([0, 1, 2, 5]);
  await open();
  expect(aside).toBe(4);
  await pass(12);
  expect(sorted()).toEqual([3, 4, 6, 7, 8, 9, 10, 11]);
  expect(whole).toEqual([TORRENT]);
});

it('asks for nothing where a page before had all of it', async () => {
  kept = new Set(range(0, PIECES));
  await open();
  await pass(12);
  expect(asked).toEqual([]);
  expect(whole).toEqual([TORRENT]);
});

it('waits while it may not ask, and asks then', async () => {
  ready = false;
  await open();
  await pass(60);
  expect(asked).toEqual([]);
  ready = true;
  await pass(12);
  expect(sorted()).toEqual(range(0, PIECES));
});

it('refuses a hub whose bytes are not the manifest’s', async () => {
  take = async () => undefined;
  await open();
  await pass(60);
  expect(asked).toHaveLength(PIECES);
  expect(whole).toEqual([]);
  expect(aside).toBe(0);
  expect(copy.view).toMatchObject({ state: 'refused', trouble: 'wrong-bytes' });
});

it('asks again for what a request did not bring', async () => {
  let failures = 2;
  give = async (run) => (failures-- > 0 ? { trouble: 'silent', detail: 'x', retryAfterMs: undefined } : all(run));
  await open();
  await pass(120);
  expect(new Set(asked)).toEqual(new Set(range(0, PIECES)));
  expect(whole).toEqual([TORRENT]);
});

it('keeps nothing when somebody tells the hashes', async () => {
  give = async (run) => (asked.length > 4 ? new Promise(() => undefined) : all(run));
  await open();
  await pass(12);
  expect(kept.size).toBeGreaterThan(0);
  await copy.discard();
  await pass(60);
  expect(kept.size).toBe(0);
  expect(whole).toEqual([]);
  expect(errors).toEqual([]);
});
