import type { GgufFile } from '../../gguf/gguf-file.ts';
import { planShards } from '../../gguf/plan.ts';
import { checkModel } from './publish-checks.ts';

/** What a model's shards are made of. */
export interface ModelShape {
  readonly layerCount: number;
  /** Of all layers. */
  readonly layersBytes: number;
  /** Token embedding: the first shard's. */
  readonly embeddingBytes: number;
  /** Output matrix and norm: the last shard's. Where the embedding serves as the output, it is there once more. */
  readonly outputBytes: number;
}

/** @throws ShoalError as `checkModel` */
export function shapeOf(file: GgufFile): ModelShape {
  const { layerCount } = checkModel(file);
  const tensors = planShards(file.tensors, layerCount, 1).flatMap((plan) => plan.tensors);
  const bytes = (matches: (name: string) => boolean) =>
    tensors.filter(({ name }) => matches(name)).reduce((sum, { source }) => sum + source.sizeBytes, 0);
  return {
    layerCount,
    layersBytes: bytes((name) => name.startsWith('blk.')),
    embeddingBytes: bytes((name) => name.startsWith('token_embd')),
    outputBytes: bytes((name) => name.startsWith('output')),
  };
}

/**
 * Bytes of the largest of `shardCount` shards: the first has the embedding and the layers that are left over, the last the
 * output matrix. Layers count as equal; in files that mix types they differ by some percent.
 */
export function largestShardBytes(shape: ModelShape, shardCount: number): number {
  const { layerCount, layersBytes, embeddingBytes, outputBytes } = shape;
  if (shardCount === 1) return embeddingBytes + layersBytes + outputBytes;
  const layers = (count: number) => (count * layersBytes) / layerCount;
  const first = embeddingBytes + layers(Math.ceil(layerCount / shardCount));
  const last = outputBytes + layers(Math.floor(layerCount / shardCount));
  return Math.ceil(Math.max(first, last));
}
