import type { GgufTensor } from '../gguf/gguf-file.ts';
import type { DeviceMatrix } from '../gpu/matrix.ts';

/** One layer's weights where they are computed with: on a GPU unless said otherwise. */
export interface LayerWeights<Vector = GPUBuffer, Matrix = DeviceMatrix> {
  /** `[C]`, filled up to whole blocks */
  readonly attnNorm: Vector;
  /** Query, key and value rows, `[(H + 2K) · D, C]` */
  readonly qkv: Matrix;
  /** `[C, H · D]` */
  readonly attnOutput: Matrix;
  readonly ffnNorm: Vector;
  /** Gate and up rows, `[2F, C]` */
  readonly gateUp: Matrix;
  /** `[C, F]` */
  readonly down: Matrix;
}

/** One shard's weights. */
export interface ShardWeights<Vector = GPUBuffer, Matrix = DeviceMatrix> {
  /** Of layers from the shard's first on. */
  readonly layers: readonly LayerWeights<Vector, Matrix>[];
  /** `[V, C]`; the first shard has it */
  readonly embedding: Matrix | undefined;
  /** Output norm `[C]` and matrix `[V, C]`; the last shard has them */
  readonly output: { readonly norm: Vector; readonly matrix: Matrix } | undefined;
  /** Frees their memory. */
  destroy(): void;
}

/** Puts a shard's tensors, one at a time, where they are computed with. */
export interface WeightLoader<Vector, Matrix> {
  /** A norm's weights as f32, filled up with zeros like a row of hidden states. */
  loadVector(tensor: GgufTensor): Promise<Vector>;
  /** Matrices of equal row length, one below the other. */
  loadMatrix(tensors: readonly GgufTensor[]): Promise<Matrix>;
  /** Frees all that was loaded. */
  destroy(): void;
}
