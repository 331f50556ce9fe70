import { rowGroups } from '../blocks/row-groups.ts';
import { type CpuMatrix, FORMATS } from './matrix.ts';
import type { CpuMemory } from './memory.ts';
import { type Quants, type Rows, rowsFrom } from './rows.ts';

/** Words of an operation; `Op` in assembly/program.ts. */
const OP_WORDS = 20;
/** After kind, meet, next, items, chunk and the arguments `a` to `j`. */
const FLOAT_ARGUMENT = 15;
/** Shares of an operation that each thread gets on average: enough to even out threads that are slowed down. */
const SHARES = 4;

const KINDS = {
  embed: 0,
  norm: 1,
  multiplyI16: 2,
  multiplyF32: 3,
  rope: 4,
  attend: 5,
  swiglu: 6,
  quantize: 7,
  summarize: 8,
} as const;

/** What attention and its cache have in common. */
export interface HeadShape {
  readonly headCount: number;
  readonly kvHeadCount: number;
  readonly headSize: number;
}

/** Where consecutive rows of one session belong. */
export interface CachePlace {
  readonly tokens: number;
  /** Of the first row. */
  readonly position: number;
  /** Where the addresses of the session's pages of this layer lie, u32. */
  readonly pages: number;
}

/** A list of operations in the kernels' memory, written anew for every pass. T is the pass's tokens. */
export class Program {
  readonly address: number;
  readonly #memory: CpuMemory;
  readonly #threads: number;
  readonly #capacity: number;
  #words: Uint32Array;
  #floats: Float32Array;
  #count = 0;

  constructor(memory: CpuMemory, threads: number, capacity: number) {
    this.#memory = memory;
    this.#threads = threads;
    this.#capacity = capacity;
    this.address = memory.allocate(capacity * OP_WORDS * 4);
    [this.#words, this.#floats] = this.#views();
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

  /** `y[t] = W[ids[t]]`. @param ids - address of u32 ids */
  embed(tokens: number, matrix: CpuMatrix, ids: number, y: Rows): this {
    return this.#add('embed', tokens, [
      FORMATS[matrix.type].id,
      matrix.address,
      matrix.columns,
      ids,
      y.address,
      y.stride,
    ]);
  }

  /** RMS norm; the result also as quants where those are given. x and y are equally wide. */
  norm(tokens: number, x: Rows, weights: number, y: Rows, epsilon: number, to: Quants | undefined): this {
    return this.#add(
      'norm',
      tokens,
      [x.address, x.stride, weights, y.address, x.width, to?.quants ?? 0, to?.scales ?? 0],
      epsilon,
    );
  }

  /**
   * `y = x · Wᵀ`, of several matrices side by side, each from a multiple of four columns of y on.
   * @param quants - x once more, rounded in a pass of as many tokens, for the formats that are multiplied with integers;
   *   without it all is in floats
   * @param add - adds to what y holds
   */
  multiply(
    tokens: number,
    matrices: readonly CpuMatrix[],
    x: Rows,
    quants: Quants | undefined,
    y: Rows,
    add = false,
  ): this {
    let to = y.address;
    for (const [index, { type, address, rows, columns }] of matrices.entries()) {
      const groups = rowGroups(rows);
      const matrix = [FORMATS[type].id, address, columns, tokens];
      const meet = index === 0;
      if (quants && FORMATS[type].quantized) {
        const args = [...matrix, quants.quants, quants.scales, to, y.stride, Number(add)];
        this.#add('multiplyI16', groups, args, 0, meet);
      } else {
        const args = [...matrix, x.address, x.stride, to, y.stride, Number(add)];
        this.#add('multiplyF32', groups, args, 0, meet);
      }
      to += groups * 16;
    }
    return this;
  }

  /** Rotates queries and keys, stores keys and values, of one session after the other. @param angles - `[T, D/2, 2]` */
  rope(qkv: Rows, angles: number, caches: readonly CachePlace[], heads: HeadShape): this {
    let first = 0;
    for (const cache of caches) {
      const turns = angles + first * heads.headSize * 4;
      const args = [rowsFrom(qkv, first).address, qkv.stride, turns, ...cacheArguments(cache, heads)];
      this.#add('rope', cache.tokens, args, 0, first === 0);
      first += cache.tokens;
    }
    return this;
  }

  /** Causal attention of the rotated queries. */
  attend(qkv: Rows, caches: readonly CachePlace[], heads: HeadShape, y: Rows): this {
    let first = 0;
    for (const cache of caches) {
      const place = cacheArguments(cache, heads);
      const args = [rowsFrom(qkv, first).address, qkv.stride, 0, ...place, rowsFrom(y, first).address, y.stride];
      this.#add('attend', cache.tokens * heads.headCount, args, 0, first === 0);
      first += cache.tokens;
    }
    return this;
  }

  /** `y = silu(gate) · up`, both in x: up from the next multiple of four after gate's `y.width` columns on. */
  swiglu(tokens: number, x: Rows, y: Rows, to: Quants | undefined): this {
    const up = x.address + rowGroups(y.width) * 16;
    const args = [x.address, up, x.stride, y.address, y.stride, y.width, to?.quants ?? 0, to?.scales ?? 0];
    return this.#add('swiglu', tokens, args);
  }

  /** Rounds rows to blocks of 16-bit numbers. */
  quantize(tokens: number, x: Rows, to: Quants): this {
    return this.#add('quantize', tokens, [x.address, x.stride, to.quants, to.scales]);
  }

  /** Of each row the greatest logit and the sum of exp(logit - greatest), two floats a row at `results`. */
  summarize(rows: number, logits: Rows, results: number): this {
    return this.#add('summarize', rows, [logits.address, logits.stride, logits.width, results]);
  }

  #add(kind: keyof typeof KINDS, items: number, args: readonly number[], float = 0, meet = true): this {
    if (this.#count === this.#capacity) throw new Error(`a program of ${this.#capacity} operations is full`);
    const at = this.#count++ * OP_WORDS;
    const chunk = Math.max(1, Math.ceil(items / (this.#threads * SHARES)));
    this.#words.set([KINDS[kind], Number(meet && at > 0), 0, items, chunk, ...args], at);
    this.#floats[at + FLOAT_ARGUMENT] = float;
    return this;
  }

  #views(): [Uint32Array, Float32Array] {
    const words = this.#capacity * OP_WORDS;
    return [this.#memory.words(this.address, words), this.#memory.floats(this.address, words)];
  }
}

function cacheArguments({ position, pages }: CachePlace, heads: HeadShape): number[] {
  return [position, pages, heads.headCount, heads.kvHeadCount, heads.headSize];
}
