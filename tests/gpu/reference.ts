import type { Activation } from '../../src/model/graph.ts';
import { pairFrequencies, type Rotation } from '../../src/model/rotation.ts';

/** CPU references of the kernels, in double precision. Matrices are row major. */

/** `[T, R] = x [T, C] · Wᵀ`, W `[R, C]`. */
export function multiply(w: ArrayLike<number>, x: ArrayLike<number>, rows: number, columns: number): Float64Array {
  const tokens = x.length / columns;
  const y = new Float64Array(tokens * rows);
  for (let t = 0; t < tokens; t++) {
    for (let r = 0; r < rows; r++) {
      let sum = 0;
      for (let c = 0; c < columns; c++) sum += w[r * columns + c]! * x[t * columns + c]!;
      y[t * rows + r] = sum;
    }
  }
  return y;
}

/** Rows of x `[T, C]`, each divided by its root mean square and times w `[C]`. */
export function rmsNorm(x: ArrayLike<number>, w: ArrayLike<number>, epsilon: number): Float64Array {
  const width = w.length;
  const y = new Float64Array(x.length);
  for (let from = 0; from < x.length; from += width) {
    let squares = 0;
    for (let c = 0; c < width; c++) squares += x[from + c]! ** 2;
    const root = Math.sqrt(squares / width + epsilon);
    for (let c = 0; c < width; c++) y[from + c] = (x[from + c]! / root) * w[c]!;
  }
  return y;
}

/** x `[T, 2F]`, gate then up, to `[T, F]`. @param upOf - what up counts for */
export function gate(
  x: ArrayLike<number>,
  width: number,
  activation: ActivationFunction,
  upOf = (up: number) => up,
): Float64Array {
  return Float64Array.from({ length: x.length / 2 }, (_, index) => {
    const [t, f] = [Math.floor(index / width), index % width];
    return activation(x[2 * t * width + f]!) * upOf(x[(2 * t + 1) * width + f]!);
  });
}

/** Up of gpt-oss's gate. */
export function clampedUp(up: number): number {
  return Math.max(-7, Math.min(7, up)) + 1;
}

export type ActivationFunction = (x: number) => number;

export const ACTIVATIONS: Readonly<Record<Activation, ActivationFunction>> = {
  silu: (x) => x / (1 + Math.exp(-x)),
  clamped: (x) => Math.min(x, 7) / (1 + Math.exp(-1.702 * Math.min(x, 7))),
  gelu: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
};

/** Interleaved pairs of one head vector, rotated for a position. */
export function rope(head: ArrayLike<number>, position: number, rotation: Rotation): number[] {
  return turn(head, position, rotation, (pair) => [2 * pair, 2 * pair + 1]);
}

/** As `rope` of pairs of halves: dimension i with i + dimensions / 2. */
export function ropeHalves(head: ArrayLike<number>, position: number, rotation: Rotation): number[] {
  return turn(head, position, rotation, (pair) => [pair, pair + rotation.dimensions / 2]);
}

function turn(
  head: ArrayLike<number>,
  position: number,
  rotation: Rotation,
  place: (pair: number) => readonly [number, number],
): number[] {
  const out = Array.from(head);
  for (const [pair, frequency] of pairFrequencies(rotation).entries()) {
    const [i, j] = place(pair);
    const [a, b] = [rotation.magnitude * head[i]!, rotation.magnitude * head[j]!];
    const angle = position * frequency;
    out[i] = a * Math.cos(angle) - b * Math.sin(angle);
    out[j] = a * Math.sin(angle) + b * Math.cos(angle);
  }
  return out;
}

/** How attention weighs: what scores are multiplied with, and what caps them; 0 for no cap. */
export interface Weighing {
  readonly scale: number;
  readonly cap: number;
  /** A score that takes its share and has no value. */
  readonly sink?: number | undefined;
}

/** One head's output for a query `[D]` over keys and values `[S][D]`. */
export function attend(
  query: ArrayLike<number>,
  keys: readonly ArrayLike<number>[],
  values: readonly ArrayLike<number>[],
  { scale, cap, sink }: Weighing,
): number[] {
  const size = query.length;
  const scores = keys.map((key) => {
    let sum = 0;
    for (let d = 0; d < size; d++) sum += query[d]! * key[d]!;
    return capped(sum * scale, cap);
  });
  const total = logSumExp(sink === undefined ? scores : [...scores, sink]);
  const weights = scores.map((score) => Math.exp(score - total));
  return Array.from({ length: size }, (_, d) => weights.reduce((sum, weight, s) => sum + weight * values[s]![d]!, 0));
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** Each element of x `[T, width]` over the last positions: `Σ taps[c, k] · x[t - taps + 1 + k, c]`. @param taps - `[width, 4]` */
export function convolve(x: Float64Array, taps: ArrayLike<number>, width: number): Float64Array {
  const count = taps.length / width;
  return x.map((_, index) => {
    const [t, c] = [Math.floor(index / width), index % width];
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const from = t - count + 1 + k;
      if (from >= 0) sum += taps[c * count + k]! * x[from * width + c]!;
    }
    return sum;
  });
}

/** Heads of a state, and what makes it fade: a number for each value head. */
export interface RecallHeads {
  readonly keyHeads: number;
  readonly valueHeads: number;
  readonly headSize: number;
  readonly dt: ArrayLike<number>;
  readonly a: ArrayLike<number>;
}

/**
 * The gated delta rule from an empty state, position by position.
 * @param mixed - `[T, (2 · keyHeads + valueHeads) · D]`: queries, keys, values
 * @param deltas - `[T, 2 · valueHeads]`: betas, alphas
 * @returns `[T, valueHeads · D]`
 */
export function recall(mixed: Float64Array, deltas: Float64Array, heads: RecallHeads, epsilon: number): Float64Array {
  const { keyHeads, valueHeads, headSize, dt, a } = heads;
  const row = (2 * keyHeads + valueHeads) * headSize;
  const tokens = mixed.length / row;
  const out = new Float64Array(tokens * valueHeads * headSize);
  for (let h = 0; h < valueHeads; h++) {
    const state = new Float64Array(headSize * headSize);
    for (let t = 0; t < tokens; t++) {
      const head = (index: number) => mixed.subarray(t * row + index * headSize, t * row + (index + 1) * headSize);
      const query = unit(head(h % keyHeads), epsilon).map((value) => value / Math.sqrt(headSize));
      const key = unit(head(keyHeads + (h % keyHeads)), epsilon);
      const value = head(2 * keyHeads + h);
      const [beta, alpha] = [deltas[2 * t * valueHeads + h]!, deltas[(2 * t + 1) * valueHeads + h]!];
      const fade = Math.exp(a[h]! * Math.log1p(Math.exp(alpha + dt[h]!)));
      for (let j = 0; j < headSize; j++) {
        const column = Float64Array.from({ length: headSize }, (_, i) => fade * state[i * headSize + j]!);
        const learnt = sigmoid(beta) * (value[j]! - dot(key, column));
        for (let i = 0; i < headSize; i++) column[i]! += key[i]! * learnt;
        for (let i = 0; i < headSize; i++) state[i * headSize + j] = column[i]!;
        out[(t * valueHeads + h) * headSize + j] = dot(query, column);
      }
    }
  }
  return out;
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, index) => sum + value * b[index]!, 0);
}

/** A vector of length 1, or shorter where it is shorter than epsilon. */
function unit(x: Float64Array, epsilon: number): Float64Array {
  const length = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
  return x.map((value) => value / Math.max(length, epsilon));
}

/** `cap · tanh(x / cap)`, or x where cap is 0. */
export function capped(x: number, cap: number): number {
  return cap === 0 ? x : cap * Math.tanh(x / cap);
}

export function logSumExp(values: ArrayLike<number>): number {
  let maximum = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < values.length; index++) maximum = Math.max(maximum, values[index]!);
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += Math.exp(values[index]! - maximum);
  return maximum + Math.log(sum);
}

/** Ids of the `count` highest of the allowed logits, falling; ties by rising id. */
export function select(logits: ArrayLike<number>, count: number, allowed: (id: number) => boolean): number[] {
  return Array.from(logits, (_, id) => id)
    .filter(allowed)
    .sort((a, b) => logits[b]! - logits[a]! || a - b)
    .slice(0, count);
}
