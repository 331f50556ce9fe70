import { expect, it, vi } from 'vitest';
import type { LayerRunner } from '../../../src/engine/layer-runner.ts';
import type { Manifest } from '../../../src/protocol/manifest.ts';
import { NO_WISH, type ObtainOptions, type ShardOrigin, type ShardStore } from '../../../src/store/shard-store.ts';
import { Spreader } from '../../../src/swarm/assign/spreader.ts';
import { ShardKeeper } from '../../../src/swarm/shards/shard-keeper.ts';

const PAUSED = { ...NO_WISH, paused: true };
const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

/** A keeper of three shards, each of which is fetched until the test lets it come. */
function tab() {
  const manifest = {
    shards: [0, 1, 2].map((index) => ({ index, sizeBytes: 1, fileName: `shard-${index}.gguf`, infoHash: `${index}` })),
  } as unknown as Manifest;
  const fetching = new Map<number, () => void>();
  const wish = vi.fn();
  const store = {
    ...{ onTransfer: () => () => undefined, onLost: () => () => undefined, isComplete: async () => false, wish },
    usage: async () => ({ usedBytes: 0, quotaBytes: 1e9 }),
    obtain: ({ shard: { index } }: ShardOrigin, { signal }: ObtainOptions) =>
      new Promise<void>((resolve, reject) => {
        fetching.set(index, resolve);
        signal?.addEventListener('abort', () => {
          fetching.delete(index);
          reject(signal.reason);
        });
      }).finally(() => fetching.delete(index)),
  } as unknown as ShardStore;
  const runner = {
    info: {},
    lost: new Promise(() => undefined),
    loadShard: async () => undefined,
    loadedShards: () => [],
  };
  const keeper = new ShardKeeper({
    ...{ manifest, store, onRunner: () => undefined, readerOf: () => ({}) as never },
    originOf: (shard) => ({ shard, fetchTorrent: async () => undefined }),
    createRunner: async () => runner as unknown as LayerRunner,
  });
  const come = async (index: number) => {
    fetching.get(index)!();
    await settle();
  };
  return { manifest, store, keeper, fetching, wish, come };
}

it('a paused shard is not said to be coming, is refused to others, and served when it is there', async () => {
  const { keeper, wish, come } = tab();
  const told = vi.fn();
  keeper.onChange(told);
  const serving = Promise.all([keeper.serve(0), keeper.serve(1)]);
  await settle();
  expect(keeper.pending()).toEqual([0, 1]);
  told.mockClear();
  keeper.want(1, PAUSED);
  expect(wish).toHaveBeenCalledWith(expect.objectContaining({ index: 1 }), PAUSED);
  expect(told).toHaveBeenCalled();
  expect(keeper.pending()).toEqual([0]);
  expect(keeper.taken()).toEqual([0, 1]);
  expect(() => keeper.refusePaused(1)).toThrow(expect.objectContaining({ code: 'consent-required' }));
  keeper.refusePaused(0);
  await come(0);
  keeper.want(1, NO_WISH);
  expect(keeper.pending()).toEqual([1]);
  await come(1);
  await serving;
  // What serves is not touched by a pause.
  keeper.want(1, PAUSED);
  keeper.refusePaused(1);
  expect(keeper.ready()).toEqual([0, 1]);
});

it('spreads what is put first before others, and passes over what is paused', async () => {
  const { manifest, store, keeper, fetching, come } = tab();
  const pace = { next: async () => undefined };
  const spreader = new Spreader({ keeper, store, manifest, members: () => [], pace });
  keeper.want(2, { ...NO_WISH, priority: 'first' });
  spreader.start();
  await settle();
  expect([...fetching.keys()]).toEqual([2]);
  keeper.want(2, PAUSED);
  await settle();
  expect([...fetching.keys()]).toEqual([0]);
  keeper.want(1, { ...NO_WISH, priority: 'first' });
  await settle();
  expect([...fetching.keys()]).toEqual([1]);
  await come(1);
  await come(0);
  expect([...fetching.keys()]).toEqual([]);
  keeper.want(2, NO_WISH);
  await settle();
  expect([...fetching.keys()]).toEqual([2]);
  spreader.stop();
});
