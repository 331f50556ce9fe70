import { fileRowBytes, paddedWidth } from '../../blocks/row-groups.ts';
import type { CpuKernels } from '../../cpu/kernels.ts';
import type { CpuMatrix } from '../../cpu/matrix.ts';
import { rowCount } from '../../model/graph.ts';
import type { Hyperparameters } from '../../model/hyperparameters.ts';
import type { ShardReader } from '../../store/shard-store.ts';
import { LOAD_CHUNK_BYTES } from '../limits.ts';
import { type LoadOptions, TensorReader } from '../tensor-reader.ts';
import type { OrderedTensor, WeightLoader } from '../weights.ts';

/** Streams one shard's tensors into the kernels' memory, a few MiB at a time, and puts them there in their order. */
export class CpuLoader implements WeightLoader<number, readonly CpuMatrix[]> {
  readonly #kernels: CpuKernels;
  readonly #reader: TensorReader;
  readonly #addresses: number[] = [];

  constructor(kernels: CpuKernels, reader: ShardReader, model: Hyperparameters, options: LoadOptions) {
    this.#kernels = kernels;
    this.#reader = new TensorReader(reader, model, options);
  }

  /** @returns the address of the floats */
  async loadVector(vector: OrderedTensor): Promise<number> {
    const values = await this.#reader.vector(vector);
    const address = this.#allocate(paddedWidth(values.length) * 4);
    this.#kernels.memory.floats(address, values.length).set(values);
    return address;
  }

  /** @throws ShoalError `out-of-memory`, `aborted` */
  async loadMatrix(ordered: readonly OrderedTensor[]): Promise<readonly CpuMatrix[]> {
    const matrices: CpuMatrix[] = [];
    for (const tensor of ordered) matrices.push(await this.#load(tensor));
    return matrices;
  }

  destroy(): void {
    for (const address of this.#addresses) this.#kernels.memory.free(address);
  }

  async #load(ordered: OrderedTensor): Promise<CpuMatrix> {
    const { type, shape } = ordered.tensor;
    const columns = shape[0]!;
    const matrix = this.#kernels.allocateMatrix(type, rowCount({ ...ordered, shape }), columns);
    this.#addresses.push(matrix.address);
    const { memory } = this.#kernels;
    let staged: number | undefined;
    try {
      for await (const { first, bytes } of this.#reader.rows(ordered, fileRowBytes(type, columns), LOAD_CHUNK_BYTES)) {
        // The first chunk is the longest.
        staged ??= memory.allocate(bytes.length);
        memory.bytes(staged, bytes.length).set(bytes);
        this.#kernels.repack(matrix, first, staged, bytes.length);
      }
    } finally {
      if (staged !== undefined) memory.free(staged);
    }
    return matrix;
  }

  #allocate(bytes: number): number {
    const address = this.#kernels.memory.allocate(bytes);
    this.#addresses.push(address);
    return address;
  }
}
