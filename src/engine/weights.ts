import type { GgufTensor } from '../gguf/gguf-file.ts';
import type { DeviceMatrix } from '../gpu/matrix.ts';
import type { Operation, TensorUse } from '../model/graph.ts';

/** An operation with its weights where they are computed with: on a GPU unless said otherwise. */
export interface LoadedOperation<Vector = GPUBuffer, Matrix = DeviceMatrix> {
  readonly operation: Operation;
  /** In the operation's order, each filled up to whole blocks. */
  readonly vectors: readonly Vector[];
  /** The operation's matrices as one; undefined where it has none. */
  readonly matrix: Matrix | undefined;
}

/** One shard's weights. */
export interface ShardWeights<Vector = GPUBuffer, Matrix = DeviceMatrix> {
  /** Of layers from the shard's first on. */
  readonly layers: readonly (readonly LoadedOperation<Vector, Matrix>[])[];
  /** `[V, C]`; the first shard has it */
  readonly embedding: Matrix | undefined;
  /** Output norm `[C]` and matrix `[V, C]`; the last shard has them */
  readonly output: { readonly norm: Vector; readonly matrix: Matrix } | undefined;
  /** Frees their memory. */
  destroy(): void;
}

/** A tensor of the file, which of its rows are used, and which change places, as of `TensorUse`. */
export interface OrderedTensor extends Pick<TensorUse, 'pairedRows' | 'pairedHead' | 'part'> {
  readonly tensor: GgufTensor;
}

/** Puts a shard's tensors, one at a time, where they are computed with. */
export interface WeightLoader<Vector, Matrix> {
  /** Weights as f32, filled up with zeros like a row of hidden states. */
  loadVector(vector: OrderedTensor): Promise<Vector>;
  /** Matrices of equal row length, one below the other. */
  loadMatrix(matrices: readonly OrderedTensor[]): Promise<Matrix>;
  /** Frees all that was loaded. */
  destroy(): void;
}
