import { largestShardBytes, type ModelShape } from './model-shape.ts';

/**
 * Weights of a shard that an ordinary tab holds: with the KV cache and the page about 1 GB, which a phone or a laptop of
 * 4 GB can give it. A larger machine takes several shards.
 */
export const TAB_WEIGHT_BYTES = 600_000_000;
/** A swarm is meant to be several tabs: with fewer shards a small model would give the others nothing to do. */
const FEWEST = 4;

/**
 * The fewest shards, four at least, whose largest fits an ordinary tab; never more than there are layers. Where embedding
 * or output alone leave no room, more shards would not help them: then the layers alone decide.
 */
export function shardCountFor(shape: ModelShape): number {
  const { layerCount } = shape;
  const fewest = Math.min(FEWEST, layerCount);
  const counts = Array.from({ length: layerCount - fewest + 1 }, (_, index) => fewest + index);
  const fits = (ends: ModelShape) => counts.find((count) => largestShardBytes(ends, count) <= TAB_WEIGHT_BYTES);
  return fits(shape) ?? fits({ ...shape, embeddingBytes: 0, outputBytes: 0 }) ?? layerCount;
}
