import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ShoalError } from '../../../src/core/errors.ts';
import type { ManifestShard } from '../../../src/protocol/manifest.ts';
import { FetchGate } from '../../../src/store/fetch-gate.ts';
import type { FetchedRun, RunToFetch, StoreThread } from '../../../src/store/idb/store-thread.ts';
import { PieceWindow } from '../../../src/store/torrent/piece-window.ts';
import { ServerCopy } from '../../../src/store/torrent/server-copy.ts';
import { FakeTorrent } from '../../support/fake-torrent.ts';

const PIECE_BYTES = 1024 * 1024;
const PIECES = 12;
const URL = 'https://example/shard-0.gguf';

let fake: FakeTorrent;
let window: PieceWindow;
let copy: ServerCopy;
/** What the server was asked for, first piece and count. */
let asked: (readonly [number, number])[];
/** What it gives. */
let give: (run: RunToFetch) => Promise<FetchedRun>;
const onBan = vi.fn();
const onError = vi.fn();

const all = async ({ first, sha1 }: RunToFetch): Promise<FetchedRun> => ({
  bytes: sha1.length * PIECE_BYTES,
  stored: sha1.map((_, index) => first + index),
  wrong: [],
});

beforeEach(() => {
  vi.useFakeTimers();
  fake = new FakeTorrent();
  asked = [];
  give = all;
  onBan.mockClear();
  onError.mockClear();
  const thread = {
    fetch: (run: RunToFetch) => {
      asked.push([run.first, run.sha1.length]);
      return give(run);
    },
  } as unknown as StoreThread;
  window = new PieceWindow({
    torrent: fake.torrent,
    sizeBytes: PIECES * PIECE_BYTES,
    pieceLength: PIECE_BYTES,
    served: () => copy.up,
    gate: new FetchGate(),
  });
  const hashes = Array.from({ length: PIECES }, (_, index) => `hash ${index}`);
  copy = new ServerCopy({
    ...{ url: URL, shard: { sizeBytes: PIECES * PIECE_BYTES } as ManifestShard, pieceLength: PIECE_BYTES },
    ...{ thread, window, onBan, onError },
    hashes: () => hashes,
    onFetched: ({ stored }) => {
      for (const piece of stored) window.stored(piece);
    },
  });
});
afterEach(() => {
  copy.close();
  vi.useRealTimers();
});

async function fetchAll(): Promise<void> {
  window.want(PIECES, new Set(), undefined);
  copy.wake();
  await vi.advanceTimersByTimeAsync(10);
}

describe("the server's copy of a shard", () => {
  it('gives every piece once, in requests that grow to two megabytes while they are quick', async () => {
    await fetchAll();
    expect(window.open).toBe(0);
    expect(asked.slice(0, 2)).toEqual([
      [0, 1],
      [1, 1],
    ]);
    expect(
      asked
        .map(([first, count]) => [first, count])
        .flatMap(([first, count]) => Array.from({ length: count! }, (_, at) => first! + at)),
    ).toEqual(Array.from({ length: PIECES }, (_, index) => index));
    expect(Math.max(...asked.map(([, count]) => count))).toBe(2);
  });

  it('is let alone after four failures in a row, and asked again half a minute later', async () => {
    give = async () => {
      throw new ShoalError('model-unavailable', 'away');
    };
    await fetchAll();
    const failed = asked.length;
    expect(failed).toBeGreaterThanOrEqual(4);
    // The lanes beside it may have had one under way.
    expect(failed).toBeLessThanOrEqual(6);
    expect(copy.up).toBe(false);
    // Other tabs are asked meanwhile, also for what comes later.
    expect(window.open).toBe(PIECES);
    await vi.advanceTimersByTimeAsync(29_000);
    expect(asked.length).toBe(failed);
    give = all;
    await vi.advanceTimersByTimeAsync(2000);
    expect(window.open).toBe(0);
  });

  it('gives while something is on its way', async () => {
    give = () => new Promise(() => undefined);
    expect(copy.giving).toBe(false);
    await fetchAll();
    expect(copy.giving).toBe(true);
  });

  it('that failed gives nothing before it has answered again', async () => {
    give = async () => {
      throw new ShoalError('model-unavailable', 'away');
    };
    await fetchAll();
    expect(copy.giving).toBe(false);
    give = () => new Promise(() => undefined);
    copy.connect();
    await vi.advanceTimersByTimeAsync(10);
    expect(copy.giving).toBe(false);
  });

  it('is asked at once when somebody says that the server is back', async () => {
    give = async () => {
      throw new ShoalError('model-unavailable', 'away');
    };
    await fetchAll();
    give = all;
    copy.connect();
    await vi.advanceTimersByTimeAsync(10);
    expect(window.open).toBe(0);
  });

  it('is not asked any more after two wrong pieces, which are there for others', async () => {
    give = async ({ first, sha1 }) => ({
      bytes: sha1.length,
      stored: [],
      wrong: sha1.map((_, index) => first + index),
    });
    await fetchAll();
    expect(onBan).toHaveBeenCalledOnce();
    expect(asked.length).toBeLessThanOrEqual(4);
    expect(window.open).toBe(PIECES);
    copy.connect();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked.length).toBeLessThanOrEqual(4);
  });

  it('says when the storage is full', async () => {
    give = async () => {
      throw new ShoalError('storage-full', 'full');
    };
    await fetchAll();
    expect(onError).toHaveBeenCalled();
  });

  it('is asked for nothing before the pieces are known, nor after the end', async () => {
    copy.close();
    await fetchAll();
    expect(asked).toEqual([]);
  });
});
