import { fileRowBytes, rowGroups } from '../blocks/row-groups.ts';
import { TENSOR_TYPES, type TensorTypeName } from '../gguf/tensor-types.ts';
import type { CpuHost } from './host.ts';
import { instantiateKernels, type KernelExports } from './instance.ts';
import { fasterBuild, type KernelBuild, kernelsName } from './kernel-build.ts';
import type { CpuMatrix } from './matrix.ts';
import { CpuMemory } from './memory.ts';
import { Program } from './program.ts';
import { CONTROL_BYTES, type ThreadHandle, wakeThreads } from './thread.ts';

/** The kernels, their memory, and the threads that run them. */
export class CpuKernels {
  readonly memory: CpuMemory;
  readonly threads: number;
  readonly #exports: KernelExports;
  readonly #handles: readonly ThreadHandle[];
  readonly #control: number;
  readonly #scratch: number;

  /**
   * @param threads - how many compute, this one among them; one where the host has no threads
   * @param scratchBytes - what an operation needs of its own on each thread
   * @param build - the faster one on this machine unless given
   */
  static async open(host: CpuHost, threads: number, scratchBytes: number, build?: KernelBuild): Promise<CpuKernels> {
    const { startThread } = host;
    const count = startThread ? Math.max(1, threads) : 1;
    const memory = new CpuMemory(count > 1);
    const module = await host.compile(kernelsName(build ?? (await fasterBuild(host)), count > 1));
    const control = memory.allocate(CONTROL_BYTES);
    const scratch = Array.from({ length: count }, () => memory.allocate(scratchBytes));
    const handles = await Promise.all(
      scratch.slice(1).map((address, index) => {
        const start = { module, memory: memory.memory, control, thread: index + 1, threads: count, scratch: address };
        return startThread!(start);
      }),
    );
    return new CpuKernels(memory, await instantiateKernels(module, memory.memory), handles, control, scratch[0]!);
  }

  private constructor(
    memory: CpuMemory,
    exports: KernelExports,
    handles: readonly ThreadHandle[],
    control: number,
    scratch: number,
  ) {
    this.memory = memory;
    this.threads = handles.length + 1;
    this.#exports = exports;
    this.#handles = handles;
    this.#control = control;
    this.#scratch = scratch;
  }

  /** An empty program. */
  createProgram(): Program {
    return new Program(this.memory, this.threads);
  }

  /** Runs the program on all threads and returns when it is done; blocks this thread. */
  run({ address, count }: Program): void {
    if (this.threads > 1) wakeThreads(this.memory.memory, this.#control, address, count);
    this.#exports.run(address, count, this.#control, 0, this.threads, this.#scratch);
  }

  /** Runs the program on this thread alone, with the same result. */
  runAlone({ address, count }: Program): void {
    this.#exports.run(address, count, this.#control, 0, 1, this.#scratch);
  }

  /** Room for a matrix; `repack` fills it. @throws ShoalError `out-of-memory` */
  allocateMatrix(type: TensorTypeName, rows: number, columns: number): CpuMatrix {
    const bytes = this.matrixBytes(type, rows, columns);
    return { type, address: this.memory.allocate(bytes), rows, columns, bytes };
  }

  /** Bytes of a matrix in memory. */
  matrixBytes(type: TensorTypeName, rows: number, columns: number): number {
    return rowGroups(rows) * this.#exports.groupBytes(TENSOR_TYPES[type].id, columns);
  }

  /**
   * Puts whole rows from a file's bytes into a matrix.
   * @param from - address of the file's bytes
   * @param first - the first row, a multiple of four
   */
  repack(matrix: CpuMatrix, first: number, from: number, bytes: number): void {
    const { type, columns, address } = matrix;
    const rows = bytes / fileRowBytes(type, columns);
    const to = address + this.matrixBytes(type, first, columns);
    this.#exports.repack(TENSOR_TYPES[type].id, from, to, rows, columns);
  }

  close(): void {
    for (const handle of this.#handles) handle.stop();
  }
}
