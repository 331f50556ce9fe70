import { ShoalError } from '../core/errors.ts';
import type { LayerRange } from '../core/ranges.ts';
import type { GgufTensor } from './gguf-file.ts';

/** A tensor's name in its shard, and where its bytes are in the whole file. */
export interface PlannedTensor {
  readonly name: string;
  readonly source: GgufTensor;
}

/** What one shard holds. */
export interface ShardPlan {
  readonly index: number;
  readonly layers: LayerRange;
  readonly hasEmbedding: boolean;
  readonly hasOutput: boolean;
  /** In the whole file's order. */
  readonly tensors: readonly PlannedTensor[];
}

const EMBEDDING = 'token_embd.weight';
const OUTPUT_NORM = 'output_norm.weight';
const OUTPUT = 'output.weight';
/** Factors of rotated pairs: how tensors outside the layers begin that go with the first. */
const ROTATION = 'rope_f';

/**
 * Contiguous layer ranges for the shards, the first ones longer where the layers do not divide evenly: 30 layers in 4
 * shards are `[0, 8) [8, 16) [16, 23) [23, 30)`.
 * @throws ShoalError `bad-request` unless every shard gets a layer
 */
export function planLayers(layerCount: number, shardCount: number): LayerRange[] {
  if (!Number.isSafeInteger(shardCount) || shardCount < 1 || shardCount > layerCount) {
    throw new ShoalError(
      'bad-request',
      `A model of ${layerCount} layers cannot be split into ${shardCount} shards: choose 1 to ${layerCount}.`,
    );
  }
  const shortest = Math.floor(layerCount / shardCount);
  const longer = layerCount % shardCount;
  const startOf = (index: number) => index * shortest + Math.min(index, longer);
  return Array.from({ length: shardCount }, (_, index) => ({ start: startOf(index), end: startOf(index + 1) }));
}

/**
 * Assigns every tensor to a shard: layers by range, the token embedding and what
 * says how positions rotate to the first, output norm and output matrix to
 * the last. A tied output matrix is the token embedding once more under the output's name.
 * @throws ShoalError `bad-request` as `planLayers`; `unsupported-architecture` for a tensor with no known place
 */
export function planShards(tensors: readonly GgufTensor[], layerCount: number, shardCount: number): ShardPlan[] {
  const ranges = planLayers(layerCount, shardCount);
  const last = shardCount - 1;
  const planned: PlannedTensor[][] = ranges.map(() => []);
  for (const source of tensors) planned[shardOf(source.name, ranges)]!.push({ name: source.name, source });
  const embedding = tensors.find((tensor) => tensor.name === EMBEDDING);
  const tied = !tensors.some((tensor) => tensor.name === OUTPUT);
  if (tied && embedding) planned[last]!.push({ name: OUTPUT, source: embedding });
  return ranges.map((layers, index) => ({
    index,
    layers,
    hasEmbedding: index === 0,
    hasOutput: index === last,
    tensors: planned[index]!,
  }));
}

function shardOf(name: string, ranges: readonly LayerRange[]): number {
  if (name === EMBEDDING || name.startsWith(ROTATION)) return 0;
  if (name === OUTPUT_NORM || name === OUTPUT) return ranges.length - 1;
  const layer = Number(/^blk\.(\d+)\./.exec(name)?.[1]);
  const index = ranges.findIndex(({ start, end }) => layer >= start && layer < end);
  if (index < 0) throw new ShoalError('unsupported-architecture', `Tensor "${name}" belongs to no shard.`);
  return index;
}
