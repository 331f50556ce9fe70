import type { DeviceMatrix } from '../gpu/matrix.ts';

/** One layer's weights on the device. */
export interface LayerWeights {
  /** `[C]`, filled up to whole blocks */
  readonly attnNorm: GPUBuffer;
  /** Query, key and value rows, `[(H + 2K) · D, C]` */
  readonly qkv: DeviceMatrix;
  /** `[C, H · D]` */
  readonly attnOutput: DeviceMatrix;
  readonly ffnNorm: GPUBuffer;
  /** Gate and up rows, `[2F, C]` */
  readonly gateUp: DeviceMatrix;
  /** `[C, F]` */
  readonly down: DeviceMatrix;
}

/** One shard's weights on the device. */
export interface ShardWeights {
  /** Of layers from the shard's first on. */
  readonly layers: readonly LayerWeights[];
  /** `[V, C]`; the first shard has it */
  readonly embedding: DeviceMatrix | undefined;
  /** Output norm `[C]` and matrix `[V, C]`; the last shard has them */
  readonly output: { readonly norm: GPUBuffer; readonly matrix: DeviceMatrix } | undefined;
  /** Frees the device memory. */
  destroy(): void;
}
