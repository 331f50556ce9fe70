import type { CpuMemory } from './memory.ts';
import { type Arguments, type CpuOperation, HEAD_WORDS, LAYOUTS, OPERATION_WORDS } from './operations.ts';

/** Shares of an operation that each thread gets on average: enough to even out threads that are slowed down. */
const SHARES = 4;
/** Operations that a program has room for at first; it grows. */
const FIRST_CAPACITY = 256;

/** A list of operations in the kernels' memory, written anew for every pass. */
export class ProgramWriter {
  protected readonly memory: CpuMemory;
  readonly #threads: number;
  #capacity = FIRST_CAPACITY;
  #address: number;
  #words: Uint32Array;
  #floats: Float32Array;
  #count = 0;

  constructor(memory: CpuMemory, threads: number) {
    this.memory = memory;
    this.#threads = threads;
    this.#address = memory.allocate(this.#bytes);
    [this.#words, this.#floats] = this.#views();
  }

  /** Where it lies. */
  get address(): number {
    return this.#address;
  }

  /** Operations so far. */
  get count(): number {
    return this.#count;
  }

  /** Begins anew. */
  reset(): this {
    this.#count = 0;
    [this.#words, this.#floats] = this.#views();
    return this;
  }

  /**
   * @param items - that threads share; the operation's own count, see `OPERATIONS`
   * @param meet - whether it needs what the operations before it wrote
   */
  protected operation<Kind extends CpuOperation>(kind: Kind, items: number, args: Arguments<Kind>, meet = true): this {
    if (this.#count === this.#capacity) this.#grow();
    const at = this.#count++ * OPERATION_WORDS;
    const chunk = Math.max(1, Math.ceil(items / (this.#threads * SHARES)));
    const { number, parameters } = LAYOUTS[kind];
    this.#words.set([number, Number(meet && at > 0), 0, items, chunk], at);
    const values: Readonly<Record<string, number>> = args;
    for (const [index, { name, float }] of parameters.entries())
      (float ? this.#floats : this.#words)[at + HEAD_WORDS + index] = values[name]!;
    return this;
  }

  get #bytes(): number {
    return this.#capacity * OPERATION_WORDS * 4;
  }

  #grow(): void {
    const old = this.#address;
    const written = this.memory.bytes(old, this.#bytes).slice();
    this.#capacity *= 2;
    this.#address = this.memory.allocate(this.#bytes);
    this.memory.bytes(this.#address, written.length).set(written);
    this.memory.free(old);
    [this.#words, this.#floats] = this.#views();
  }

  #views(): [Uint32Array, Float32Array] {
    const words = this.#capacity * OPERATION_WORDS;
    return [this.memory.words(this.#address, words), this.memory.floats(this.#address, words)];
  }
}
