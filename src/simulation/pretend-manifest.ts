import type { Hyperparameters } from '../model/hyperparameters.ts';
import type { Manifest, ManifestShard } from '../protocol/manifest.ts';

export interface PretendManifestOptions {
  readonly name: string;
  /** Layers of each shard. */
  readonly layers: readonly number[];
  /** Bytes of each shard. */
  readonly sizeOf: (index: number) => number;
  /** C and V, and what else of the model matters. */
  readonly hyperparameters: Pick<Hyperparameters, 'width' | 'vocabularySize'> & Partial<Hyperparameters>;
}

/** The manifest of a model that has no weights. */
export function pretendManifest({ name, layers, sizeOf, hyperparameters }: PretendManifestOptions): Manifest {
  let start = 0;
  const shards = layers.map((count, index): ManifestShard => {
    const range = { start, end: start + count };
    start += count;
    return {
      index,
      fileName: `shard-${index}.gguf`,
      sizeBytes: sizeOf(index),
      sha256: index.toString(16).padStart(64, '0'),
      infoHash: index.toString(16).padStart(40, '0'),
      headerBytes: 10,
      layers: range,
      hasEmbedding: index === 0,
      hasOutput: index === layers.length - 1,
    };
  });
  return {
    format: 'shoal-manifest-1',
    name,
    hyperparameters: {
      architecture: 'llama',
      layerCount: start,
      feedForwardWidth: 1,
      headCount: 1,
      kvHeadCount: 1,
      headSize: 1,
      contextLength: 4096,
      ropeBase: 10_000,
      ropeDimensions: 1,
      ropeScale: 1,
      rmsEpsilon: 1e-5,
      ...hyperparameters,
    },
    pieceLength: 256 * 1024,
    shards,
  };
}
