import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ShoalError } from '../../../src/core/errors.ts';
import type { Manifest, ManifestShard } from '../../../src/protocol/manifest.ts';
import type { ShardStore } from '../../../src/store/shard-store.ts';
import { serveWhatFits } from '../../../src/swarm/shards/serve-what-fits.ts';
import type { ShardKeeper } from '../../../src/swarm/shards/shard-keeper.ts';

const SIZES = [50, 30, 20, 40];

/** A browser's storage: what it says is free, and what is. */
let stored: number[];
let promisedBytes: number;
let roomBytes: number;
let served: number[];
const onShortage = vi.fn();

const usedBytes = () => stored.reduce((sum, bytes) => sum + bytes, 0);

const store = {
  missingBytes: async ({ index }: ManifestShard) => SIZES[index]! - stored[index]!,
  freeBytes: async () => promisedBytes - usedBytes(),
  discardPart: async ({ index }: ManifestShard) => {
    if (stored[index] !== SIZES[index]) stored[index] = 0;
  },
} as unknown as ShardStore;

const keeper = {
  serve: async (index: number) => {
    if (index === 9) throw new ShoalError('hash-mismatch', 'wrong');
    // Others store at the same time.
    while (stored[index]! < SIZES[index]!) {
      await Promise.resolve();
      if (usedBytes() >= roomBytes) throw new ShoalError('storage-full', 'full');
      stored[index]!++;
    }
    served.push(index);
  },
} as unknown as ShardKeeper;

const manifest = { shards: SIZES.map((sizeBytes, index) => ({ index, sizeBytes })) } as unknown as Manifest;

const serve = (chosen: readonly number[]) => serveWhatFits({ manifest, keeper, store, onShortage }, chosen);

beforeEach(() => {
  stored = [0, 0, 0, 0];
  served = [];
  promisedBytes = Number.POSITIVE_INFINITY;
  roomBytes = 1000;
  onShortage.mockReset();
});

describe('serving what fits', () => {
  it('serves all where there is room, or the browser does not say', async () => {
    expect(await serve([0, 1, 2, 3])).toEqual({
      served: expect.arrayContaining([0, 1, 2, 3]),
      failed: [],
      withoutRoom: [],
    });
    expect(onShortage).not.toHaveBeenCalled();
  });

  it('says once, before anything is fetched, what does not fit, and serves the rest', async () => {
    promisedBytes = 100;
    onShortage.mockImplementation(() => expect(usedBytes()).toBe(0));
    const report = await serve([0, 1, 2, 3]);
    expect(onShortage).toHaveBeenCalledExactlyOnceWith({ shards: [0], neededBytes: 140, freeBytes: 100 });
    expect(report.withoutRoom).toEqual([0]);
    expect(served.sort()).toEqual([1, 2, 3]);
  });

  it('makes room of what is left of a shard that does not fit', async () => {
    stored = [45, 0, 0, 0];
    promisedBytes = 95;
    roomBytes = 95;
    // Of 95, 45 are used: shard 0 needs 5 more, and with 1 or 2 it fits.
    const report = await serve([0, 1, 2]);
    expect(report.withoutRoom).toEqual([1]);
    expect(stored).toEqual([50, 0, 20, 0]);
    stored = [0, 25, 0, 0];
    promisedBytes = 60;
    roomBytes = 60;
    // The parts of shard 1 make room for 2 and 3.
    expect((await serve([1, 2, 3])).withoutRoom).toEqual([3]);
  });

  it('finishes what fits where the browser promised too much', async () => {
    roomBytes = 75;
    const report = await serve([0, 1, 2]);
    expect(report.withoutRoom).toEqual([0]);
    expect(served.sort()).toEqual([1, 2]);
    expect(stored).toEqual([0, 30, 20, 0]);
    expect(onShortage).toHaveBeenCalledExactlyOnceWith({
      shards: [0],
      neededBytes: expect.any(Number),
      freeBytes: undefined,
    });
  });

  it('needs no room for what is stored', async () => {
    stored = [...SIZES];
    promisedBytes = 0;
    roomBytes = 0;
    expect((await serve([0, 3])).served.length).toBe(2);
  });
});
