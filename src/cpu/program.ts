import { rowGroups } from '../blocks/row-groups.ts';
import { TENSOR_TYPES } from '../gguf/tensor-types.ts';
import type { Activation, HeadShape, RecallHeads, Sight } from '../model/graph.ts';
import { type CpuMatrix, MULTIPLIED_AS_INTEGERS } from './matrix.ts';
import type { Arguments } from './operations.ts';
import type { Angles, CachePlace, Choice, StatePlace } from './places.ts';
import { ProgramWriter } from './program-writer.ts';
import { type Quants, quantsOfRow, type Rows, rowsFrom } from './rows.ts';

/** As the kernels number them. Exhaustive: one that is missing here does not compile. */
const ACTIVATIONS: Readonly<Record<Activation, number>> = { silu: 0, gelu: 1, clamped: 2 };
const NO_CHOICE = { choice: 0, expertBytes: 0 };
/** A window that nothing falls out of. */
const ALL_POSITIONS = 0xffffffff;

/** Writes the operations of a pass, in order. T is the pass's tokens. */
export class Program extends ProgramWriter {
  /** `y[t] = W[ids[t]]`. @param ids - address of u32 ids */
  embed(tokens: number, { type, address, columns }: CpuMatrix, ids: number, y: Rows): this {
    const row = { y: y.address, yStride: y.stride };
    return this.operation('embed', tokens, { format: TENSOR_TYPES[type].id, matrix: address, columns, ids, ...row });
  }

  /**
   * RMS norm; the result also as quants where those are given. x and y are equally wide.
   * @param add - adds to what y holds
   */
  norm(tokens: number, x: Rows, weights: number, y: Rows, epsilon: number, to?: Quants, add = false): this {
    const { address, stride, width } = x;
    const result = { y: y.address, width, add: Number(add), ...rounded(to) };
    return this.operation('norm', tokens, { x: address, stride, weights, epsilon, ...result });
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
    for (const [index, matrix] of matrices.entries()) {
      const result = { y: to, yStride: y.stride, add: Number(add), ...NO_CHOICE };
      this.#multiply(tokens, matrix, rowGroups(matrix.rows), x, quants, result, index === 0);
      to += rowGroups(matrix.rows) * 16;
    }
    return this;
  }

  /**
   * As `multiply`, of each row with its chosen experts' rows of each matrix: y's rows have a part for each expert.
   * @param x - a row for each token, or one for each of its experts one behind the other
   * @param quants - x once more, each row rounded in a pass of its own
   */
  multiplyChosen(
    tokens: number,
    matrices: readonly CpuMatrix[],
    x: Rows,
    quants: Quants | undefined,
    y: Rows,
    choice: Choice,
  ): this {
    const { experts, used, rows } = choice;
    const [{ columns }] = matrices as [CpuMatrix];
    const own = x.width > columns;
    const width = matrices.reduce((sum, matrix) => sum + matrix.rows / experts, 0);
    let first = true;
    for (let token = 0; token < tokens; token++) {
      for (let rank = 0; rank < used; rank++) {
        const row = own ? token * used + rank : token;
        const from = { ...x, address: x.address + token * x.stride + (own ? rank * columns * 4 : 0) };
        const rounded = quants && quantsOfRow(quants, row, columns);
        let to = y.address + token * y.stride + rank * width * 4;
        for (const matrix of matrices) {
          const groups = rowGroups(matrix.rows / experts);
          const result = {
            ...{ y: to, yStride: y.stride, add: 0 },
            choice: rows.address + token * rows.stride + rank * 4,
            expertBytes: (matrix.bytes / matrix.rows) * (matrix.rows / experts),
          };
          this.#multiply(1, matrix, groups, from, rounded, result, first);
          first = false;
          to += groups * 16;
        }
      }
    }
    return this;
  }

  /**
   * The experts with the greatest logits of each row, and the softmax of `scale` times those.
   * @param scales - address of a number for each expert that its weight is multiplied with; 0 for none
   */
  choose(tokens: number, { address, stride }: Rows, choice: Choice, scale: number, scales = 0): this {
    const { experts, used, rows } = choice;
    const to = { choice: rows.address, choiceStride: rows.stride, scale, scales };
    return this.operation('choose', tokens, { logits: address, stride, count: experts, used, ...to });
  }

  /** Adds to each part of each row the vectors of its expert side by side. @param vectors - `[experts, width]` each */
  biasChosen(
    tokens: number,
    vectors: readonly number[],
    widths: readonly number[],
    y: Rows,
    { used, rows }: Choice,
  ): this {
    let to = y.address;
    for (let token = 0; token < tokens; token++) {
      for (let rank = 0, at = to; rank < used; rank++) {
        const choice = rows.address + token * rows.stride + rank * 4;
        for (const [index, vector] of vectors.entries()) {
          const width = widths[index]!;
          const args = { x: vector, xStride: 0, scale: 1, y: at, yStride: y.stride, width };
          this.operation('add', 1, { ...args, choice, expertBytes: width * 4 }, token + rank + index === 0);
          at += width * 4;
        }
      }
      to += y.stride;
    }
    return this;
  }

  /** `y = Σ weight · part` over each row's chosen experts. @param add - adds to what y holds */
  addChosen(tokens: number, parts: Rows, y: Rows, { used, rows }: Choice, add: boolean): this {
    const from = { parts: parts.address, stride: parts.stride, width: y.width, used };
    const choice = { choice: rows.address, choiceStride: rows.stride };
    const to = { y: y.address, yStride: y.stride, add: Number(add) };
    return this.operation('addChosen', tokens, { ...from, ...choice, ...to });
  }

  /** Adds vectors to the rows, each from a multiple of four columns on. @param widths - of the vectors */
  bias(tokens: number, biases: readonly number[], widths: readonly number[], y: Rows): this {
    let to = y.address;
    for (const [index, bias] of biases.entries()) {
      const width = widths[index]!;
      const one = { x: bias, xStride: 0, scale: 1, ...NO_CHOICE };
      this.operation('add', tokens, { ...one, y: to, yStride: y.stride, width }, index === 0);
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
    return this.operation('add', tokens, { ...from, ...to, width: y.width, scale, ...NO_CHOICE });
  }

  /** `y *= factor`, then capped to `cap · tanh(y / cap)`. @param cap - 0 for none */
  scale(tokens: number, { address, stride, width }: Rows, factor: number, cap: number): this {
    return this.operation('scale', tokens, { y: address, stride, width, factor, cap });
  }

  /** `y *= factor`. @param factor - address of a float, which is read now */
  scaleBy(tokens: number, y: Rows, factor: number): this {
    return this.scale(tokens, y, this.memory.floats(factor, 1)[0]!, 0);
  }

  /**
   * RMS norm of each query and key head.
   * @param query - address of `[D]` weights, as `key`
   * @param values - whether value heads are normed too, as they are
   */
  normHeads(
    tokens: number,
    { address, stride }: Rows,
    { query, key }: { readonly query: number; readonly key: number },
    heads: HeadShape,
    values: boolean,
    epsilon: number,
  ): this {
    const which = { ...headArguments(heads), values: Number(values) };
    return this.operation('normHeads', tokens, { qkv: address, stride, query, key, ...which, epsilon });
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
      this.operation('rope', tokens, { ...rows, ...place, ...headArguments(heads), scale }, first === 0);
      first += tokens;
    }
    return this;
  }

  /** Causal attention of the rotated queries. @param sinks - address of a sink for each head; 0 for none */
  attend(qkv: Rows, caches: readonly CachePlace[], heads: HeadShape, { window, cap }: Sight, y: Rows, sinks = 0): this {
    let first = 0;
    for (const { tokens, position, pages } of caches) {
      const rows = { qkv: rowsFrom(qkv, first).address, stride: qkv.stride };
      const result = { y: rowsFrom(y, first).address, yStride: y.stride };
      const sight = { window: window === 0 ? ALL_POSITIONS : window, cap, sinks };
      const items = tokens * heads.headCount;
      this.operation(
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
    const result = { y: y.address, yStride: y.stride, width: y.width, activation: ACTIVATIONS[activation] };
    return this.operation('gate', tokens, { ...gate, ...result, ...rounded(to) });
  }

  /**
   * Convolves rows over their positions, of one session after the other, in place.
   * @param taps - `[width, 4]`
   * @param offset - where in a state the last three rows lie
   */
  convolve(x: Rows, taps: number, states: readonly StatePlace[], offset: number): this {
    let first = 0;
    for (const { tokens, from, to } of states) {
      const rows = { x: rowsFrom(x, first).address, stride: x.stride, tokens, taps, width: x.width };
      const place = { from: from && from + offset, to: to + offset };
      this.operation('convolve', rowGroups(x.width), { ...rows, ...place }, first === 0);
      first += tokens;
    }
    return this;
  }

  /**
   * The gated delta rule, of one session after the other.
   * @param mixed - queries, keys, values
   * @param deltas - betas, then alphas from the next multiple of four on
   * @param dt - address of a number for each value head, as `a`
   */
  recall(
    mixed: Rows,
    deltas: Rows,
    dt: number,
    a: number,
    states: readonly StatePlace[],
    { keyHeads, valueHeads, headSize }: RecallHeads,
    y: Rows,
    epsilon: number,
  ): this {
    const heads = { keyHeads, valueHeads, headSize, betas: rowGroups(valueHeads) * 4, dt, a, epsilon };
    let first = 0;
    for (const { tokens, from, to } of states) {
      const rows = {
        ...{ mixed: rowsFrom(mixed, first).address, stride: mixed.stride, tokens, from, to },
        ...{ deltas: rowsFrom(deltas, first).address, deltaStride: deltas.stride },
        ...{ y: rowsFrom(y, first).address, yStride: y.stride },
      };
      this.operation('recall', valueHeads, { ...rows, ...heads }, first === 0);
      first += tokens;
    }
    return this;
  }

  /**
   * `y *= activation(gate)`.
   * @param norm - address of the weights `[headSize]` that y's heads are RMS-normed by first; 0 for none
   */
  gateBy(
    tokens: number,
    gate: Rows,
    y: Rows,
    activation: 'sigmoid' | 'silu',
    norm: number,
    headSize: number,
    epsilon: number,
  ): this {
    const rows = { gate: gate.address, gateStride: gate.stride, y: y.address, yStride: y.stride, width: y.width };
    return this.operation('gateBy', tokens, {
      ...rows,
      silu: Number(activation === 'silu'),
      single: Number(gate.width === 1),
      norm,
      headSize,
      epsilon,
    });
  }

  /** Rounds rows to blocks of 16-bit numbers. */
  quantize(tokens: number, x: Rows, to: Quants, meet = true): this {
    return this.operation('quantize', tokens, { x: x.address, stride: x.stride, ...to }, meet);
  }

  /** Of each row the greatest logit and the sum of exp(logit - greatest), two floats a row at `results`. */
  summarize(rows: number, logits: Rows, results: number): this {
    const { address, stride, width } = logits;
    return this.operation('summarize', rows, { logits: address, stride, width, results });
  }

  #multiply(
    tokens: number,
    { type, address, columns }: CpuMatrix,
    groups: number,
    x: Rows,
    quants: Quants | undefined,
    result: Pick<Arguments<'multiplyF32'>, 'y' | 'yStride' | 'add' | 'choice' | 'expertBytes'>,
    meet: boolean,
  ): void {
    const matrix = { format: TENSOR_TYPES[type].id, matrix: address, columns, tokens };
    if (quants && MULTIPLIED_AS_INTEGERS[type])
      this.operation('multiplyI16', groups, { ...matrix, ...quants, ...result }, meet);
    else this.operation('multiplyF32', groups, { ...matrix, x: x.address, xStride: x.stride, ...result }, meet);
  }
}

function headArguments({ headCount, kvHeadCount, headSize }: HeadShape) {
  return { heads: headCount, kvHeads: kvHeadCount, headSize };
}

/** 0 for no rounding. */
function rounded(to: Quants | undefined): Quants {
  return to ?? { quants: 0, scales: 0 };
}
