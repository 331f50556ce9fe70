import { describe, expect, it, vi } from 'vitest';
import type { LayerRunner } from '../../../src/engine/layer-runner.ts';
import type { Manifest } from '../../../src/protocol/manifest.ts';
import type { ShardStore } from '../../../src/store/shard-store.ts';
import { ShardKeeper } from '../../../src/swarm/shards/shard-keeper.ts';

const GB = 1e9;
const obtain = vi.fn(async () => undefined);

/** A keeper of shards of these sizes, on a device that can address 4 GB. */
function keeperOf(...sizes: readonly number[]): ShardKeeper {
  obtain.mockClear();
  const shards = sizes.map((sizeBytes, index) => ({ index, sizeBytes, fileName: `shard-${index}.gguf` }));
  const runner = {
    info: { maxWeightBytes: 4 * GB },
    lost: new Promise(() => undefined),
    loadShard: async () => undefined,
    loadedShards: () => [],
  } as unknown as LayerRunner;
  return new ShardKeeper({
    manifest: { shards } as unknown as Manifest,
    store: {
      ...{ onTransfer: () => () => undefined, onLost: () => () => undefined },
      ...{ isComplete: async () => false, obtain },
    } as unknown as ShardStore,
    originOf: () => ({}) as never,
    readerOf: () => ({}) as never,
    createRunner: async () => runner,
    onRunner: () => undefined,
  });
}

describe('a shard that the device cannot address', () => {
  it('is refused before a byte is fetched, with the number of shards that would fit', async () => {
    const keeper = keeperOf(9 * GB, 8 * GB);
    await expect(keeper.serve(0)).rejects.toMatchObject({
      code: 'out-of-memory',
      message: expect.stringMatching(/9.0 GB of weights.*4.0 GB\. Split the model into at least 5 shards.*--shards 5/),
    });
    expect(obtain).not.toHaveBeenCalled();
    expect(keeper.status(0).phase).toBe('error');
  });

  it('is refused beside others that leave it no room', async () => {
    const keeper = keeperOf(3 * GB, 2 * GB);
    await keeper.serve(0);
    await expect(keeper.serve(1)).rejects.toThrow(/2.0 GB of weights beside the 3.0 GB.*Leave another shard first/);
    expect(obtain).toHaveBeenCalledOnce();
  });

  it('is taken where it fits', async () => {
    const keeper = keeperOf(2 * GB, 2 * GB);
    await Promise.all([keeper.serve(0), keeper.serve(1)]);
    expect(keeper.ready()).toEqual([0, 1]);
  });
});
