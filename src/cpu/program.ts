import { rowGroups } from '../blocks/row-groups.ts';
import { TENSOR_TYPES } from '../gguf/tensor-types.ts';
import type { Activation, Sight } from '../model/graph.ts';
import { type CpuMatrix, MULTIPLIED_AS_INTEGERS } from './matrix.ts';
import type { CpuMemory } from './memory.ts';
import { type Arguments, type CpuOperation, HEAD_WORDS, LAYOUTS, OPERATION_WORDS } from './operations.ts';
import { type Quants, type Rows, rowsFrom } from './rows.ts';

/** Shares of an operation that each thread gets on average: enough to even out threads that are slowed down. */
const SHARES = 4;

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

/** Cosines and sines, `[T, D/2, 2]` of each rotation. */
export interface Angles {
  /** Of the first token. */
  readonly address: number;
  /** Bytes from token to token. */
  readonly stride: number;
}

/** A window that nothing falls out of. */
const ALL_POSITIONS = 0xffffffff;
/** Operations that a program has room for at first; it grows. */
const FIRST_CAPACITY = 256;

/** A list of operations in the kernels' memory, written anew for every pass. T is the pass's tokens. */
export class Program {
  readonly #memory: CpuMemory;
  readonly #threads: number;
  #capacity = FIRST_CAPACITY;
  #address: number;
  #words: Uint32Array;
  #floats: Float32Array;
  #count = 0;

  constructor(memory: CpuMemory, threads: number) {
    this.#memory = memory;
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

  /** `y[t] = W[ids[t]]`. @param ids - address of u32 ids */
  embed(tokens: number, { type, address, columns }: CpuMatrix, ids: number, y: Rows): this {
    const row = { y: y.address, yStride: y.stride };
    return this.#add('embed', tokens, { format: TENSOR_TYPES[type].id, matrix: address, columns, ids, ...row });
  }

  /**
   * RMS norm; the result also as quants where those are given. x and y are equally wide.
   * @param add - adds to what y holds
   */
  norm(tokens: number, x: Rows, weights: number, y: Rows, epsilon: number, to?: Quants, add = false): this {
    const { address, stride, width } = x;
    const result = { y: y.address, width, add: Number(add), ...rounded(to) };
    return this.#add('norm', tokens, { x: address, stride, weights, epsilon, ...result });
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
      const matrix = { format: TENSOR_TYPES[type].id, matrix: address, columns, tokens };
      const result = { y: to, yStride: y.stride, add: Number(add) };
      const meet = index === 0;
      if (quants && MULTIPLIED_AS_INTEGERS[type])
        this.#add('multiplyI16', groups, { ...matrix, ...quants, ...result }, meet);
      else this.#add('multiplyF32', groups, { ...matrix, x: x.address, xStride: x.stride, ...result }, meet);
      to += groups * 16;
    }
    return this;
  }

  /** Adds vectors to the rows, each from a multiple of four columns on. @param widths - of the vectors */
  bias(tokens: number, biases: readonly number[], widths: readonly number[], y: Rows): this {
    let to = y.address;
    for (const [index, bias] of biases.entries()) {
      const width = widths[index]!;
      const one = { x: bias, xStride: 0, scale: 1 };
      this.#add('add', tokens, { ...one, y: to, yStride: y.stride, width }, index === 0);
      to += rowGroups(width) * 16;
    }
    return this;
  }

  /** `y += scale · x`, equally wide. */
  add(tokens: number, x: Rows, y: Rows, scale: number): this {
    const [from, to] = [
      { x: x.address, xStride: x.stride },
      { y: y.address, yStride: y.stride },
    ];
    return this.#add('add', tokens, { ...from, ...to, width: y.width, scale });
  }

  /** `y *= factor`, then capped to `cap · tanh(y / cap)`. @param cap - 0 for none */
  scale(tokens: number, { address, stride, width }: Rows, factor: number, cap: number): this {
    return this.#add('scale', tokens, { y: address, stride, width, factor, cap });
  }

  /** RMS norm of each query and key head. @param query - address of `[D]` weights, as `key` */
  normHeads(tokens: number, qkv: Rows, query: number, key: number, heads: HeadShape, epsilon: number): this {
    const { address, stride } = qkv;
    return this.#add('normHeads', tokens, { qkv: address, stride, query, key, ...headArguments(heads), epsilon });
  }

  /**
   * Rotates queries, times `scale`, and keys, stores keys and values, of one session after the other.
   * @param angles - `[T, D/2, 2]`
   */
  rope(qkv: Rows, angles: Angles, caches: readonly CachePlace[], heads: HeadShape, scale: number): this {
    let first = 0;
    for (const { tokens, position, pages } of caches) {
      const rows = { qkv: rowsFrom(qkv, first).address, stride: qkv.stride };
      const turns = { angles: angles.address + first * angles.stride, angleStride: angles.stride };
      const place = { ...turns, position, pages };
      this.#add('rope', tokens, { ...rows, ...place, ...headArguments(heads), scale }, first === 0);
      first += tokens;
    }
    return this;
  }

  /** Causal attention of the rotated queries. */
  attend(qkv: Rows, caches: readonly CachePlace[], heads: HeadShape, { window, cap }: Sight, y: Rows): this {
    let first = 0;
    for (const { tokens, position, pages } of caches) {
      const rows = { qkv: rowsFrom(qkv, first).address, stride: qkv.stride };
      const result = { y: rowsFrom(y, first).address, yStride: y.stride };
      const sight = { window: window === 0 ? ALL_POSITIONS : window, cap };
      const items = tokens * heads.headCount;
      this.#add(
        'attend',
        items,
        { ...rows, position, pages, ...headArguments(heads), ...sight, ...result },
        first === 0,
      );
      first += tokens;
    }
    return this;
  }

  /** `y = activation(gate) · up`, both in x: up from the next multiple of four after gate's `y.width` columns on. */
  gate(tokens: number, x: Rows, y: Rows, activation: Activation, to?: Quants): this {
    const gate = { gate: x.address, up: x.address + rowGroups(y.width) * 16, xStride: x.stride };
    const result = { y: y.address, yStride: y.stride, width: y.width, gelu: Number(activation === 'gelu') };
    return this.#add('gate', tokens, { ...gate, ...result, ...rounded(to) });
  }

  /** Rounds rows to blocks of 16-bit numbers. */
  quantize(tokens: number, x: Rows, to: Quants): this {
    return this.#add('quantize', tokens, { x: x.address, stride: x.stride, ...to });
  }

  /** Of each row the greatest logit and the sum of exp(logit - greatest), two floats a row at `results`. */
  summarize(rows: number, logits: Rows, results: number): this {
    const { address, stride, width } = logits;
    return this.#add('summarize', rows, { logits: address, stride, width, results });
  }

  #add<Kind extends CpuOperation>(kind: Kind, items: number, args: Arguments<Kind>, meet = true): this {
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
    const written = this.#memory.bytes(old, this.#bytes).slice();
    this.#capacity *= 2;
    this.#address = this.#memory.allocate(this.#bytes);
    this.#memory.bytes(this.#address, written.length).set(written);
    this.#memory.free(old);
    [this.#words, this.#floats] = this.#views();
  }

  #views(): [Uint32Array, Float32Array] {
    const words = this.#capacity * OPERATION_WORDS;
    return [this.#memory.words(this.#address, words), this.#memory.floats(this.#address, words)];
  }
}

function headArguments({ headCount, kvHeadCount, headSize }: HeadShape) {
  return { heads: headCount, kvHeads: kvHeadCount, headSize };
}

/** 0 for no rounding. */
function rounded(to: Quants | undefined): Quants {
  return to ?? { quants: 0, scales: 0 };
}
