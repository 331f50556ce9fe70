import { fileRowBytes, paddedWidth, rowsWithin } from '../../blocks/row-groups.ts';
import type { CpuKernels } from '../../cpu/kernels.ts';
import type { CpuMatrix } from '../../cpu/matrix.ts';
import { dequantize } from '../../gguf/dequantize.ts';
import type { GgufTensor } from '../../gguf/gguf-file.ts';
import type { ShardReader } from '../../store/shard-store.ts';
import { LOAD_CHUNK_BYTES } from '../limits.ts';
import { type LoadOptions, TensorReader } from '../tensor-reader.ts';
import type { WeightLoader } from '../weights.ts';

/** Streams one shard's tensors into the kernels' memory, a few MiB at a time, and puts them there in their order. */
export class CpuLoader implements WeightLoader<number, readonly CpuMatrix[]> {
  readonly #kernels: CpuKernels;
  readonly #reader: TensorReader;
  readonly #addresses: number[] = [];

  constructor(kernels: CpuKernels, reader: ShardReader, options: LoadOptions) {
    this.#kernels = kernels;
    this.#reader = new TensorReader(reader, options);
  }

  /** @returns the address of `[C]` floats */
  async loadVector(tensor: GgufTensor): Promise<number> {
    const values = dequantize(tensor.type, await this.#reader.read(tensor, 0, tensor.sizeBytes));
    const address = this.#allocate(paddedWidth(values.length) * 4);
    this.#kernels.memory.floats(address, values.length).set(values);
    return address;
  }

  /** @throws ShoalError `unsupported-tensor-type`, `out-of-memory`, `aborted` */
  async loadMatrix(tensors: readonly GgufTensor[]): Promise<readonly CpuMatrix[]> {
    const matrices: CpuMatrix[] = [];
    for (const tensor of tensors) matrices.push(await this.#load(tensor));
    return matrices;
  }

  destroy(): void {
    for (const address of this.#addresses) this.#kernels.memory.free(address);
  }

  async #load(tensor: GgufTensor): Promise<CpuMatrix> {
    const type = this.#reader.runnableType(tensor);
    const [columns, rows] = tensor.shape as [number, number];
    const address = this.#allocate(this.#kernels.matrixBytes(type, rows, columns));
    const matrix = { type, address, rows, columns };
    const rowBytes = fileRowBytes(type, columns);
    const chunkRows = rowsWithin(LOAD_CHUNK_BYTES, rowBytes);
    const { memory } = this.#kernels;
    const staged = memory.allocate(Math.min(chunkRows, rows) * rowBytes);
    try {
      for (let row = 0; row < rows; row += chunkRows) {
        const bytes = await this.#reader.read(tensor, row * rowBytes, Math.min(chunkRows, rows - row) * rowBytes);
        const { length } = bytes;
        memory.bytes(staged, length).set(bytes);
        this.#kernels.repack(matrix, row, staged, length);
      }
    } finally {
      memory.free(staged);
    }
    return matrix;
  }

  #allocate(bytes: number): number {
    const address = this.#kernels.memory.allocate(bytes);
    this.#addresses.push(address);
    return address;
  }
}
