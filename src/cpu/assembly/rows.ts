import { exp4, greatest, total } from './lanes';

/** `y[c] = x[c] / sqrt(mean(x²) + epsilon) · w[c]`; x and y lie in whole blocks of 32 with zeros at the end. */
export function rmsNormRow(x: usize, weights: usize, y: usize, width: u32, epsilon: f32): void {
  const end = <usize>((width + 3) >> 2) * 16;
  let squares = f32x4.splat(0);
  for (let at: usize = 0; at < end; at += 16) {
    const value = v128.load(x + at);
    squares = f32x4.add(squares, f32x4.mul(value, value));
  }
  const factor = f32x4.splat(1 / sqrt<f32>(total(squares) / <f32>width + epsilon));
  for (let at: usize = 0; at < end; at += 16)
    v128.store(y + at, f32x4.mul(f32x4.mul(v128.load(x + at), factor), v128.load(weights + at)));
}

/** `y[c] += x[c]`, whole vectors of four. */
export function addRow(y: usize, x: usize, width: u32): void {
  const end = <usize>((width + 3) >> 2) * 16;
  for (let at: usize = 0; at < end; at += 16) v128.store(y + at, f32x4.add(v128.load(y + at), v128.load(x + at)));
}

/** `y[f] = gate[f] / (1 + exp(-gate[f])) · up[f]`. */
export function swigluRow(gate: usize, up: usize, y: usize, width: u32): void {
  const one = f32x4.splat(1);
  const end = <usize>((width + 3) >> 2) * 16;
  for (let at: usize = 0; at < end; at += 16) {
    const g = v128.load(gate + at);
    const silu = f32x4.div(g, f32x4.add(one, exp4(f32x4.neg(g))));
    v128.store(y + at, f32x4.mul(silu, v128.load(up + at)));
  }
}

/** The greatest of `count` logits at `out`, then Σ exp(logit - greatest). What is not allowed is -infinity. */
export function summarizeRow(logits: usize, count: u32, out: usize): void {
  const end = <usize>(count >> 2) * 16;
  let most = f32x4.splat(-f32.MAX_VALUE);
  for (let at: usize = 0; at < end; at += 16) most = f32x4.max(most, v128.load(logits + at));
  let top = greatest(most);
  for (let at = end; at < <usize>count * 4; at += 4) top = max(top, load<f32>(logits + at));
  const shift = f32x4.splat(top);
  let sum = f32x4.splat(0);
  for (let at: usize = 0; at < end; at += 16)
    sum = f32x4.add(sum, exp4(f32x4.sub(v128.load(logits + at), shift)));
  let rest: f32 = 0;
  for (let at = end; at < <usize>count * 4; at += 4)
    rest += f32x4.extract_lane(exp4(f32x4.splat(load<f32>(logits + at) - top)), 0);
  store<f32>(out, top);
  store<f32>(out, total(sum) + rest, 4);
}
