import { exp4, greatest, put, tanh4, total } from './lanes';

/**
 * `y[c] = x[c] / sqrt(mean(x²) + epsilon) · w[c]`, or adds it; x and y lie in whole blocks of 32 with zeros at the end.
 * @param weights - 0 for ones
 */
export function rmsNormRow(x: usize, weights: usize, y: usize, width: u32, epsilon: f32, add: u32): void {
  const end = <usize>((width + 3) >> 2) * 16;
  let squares = f32x4.splat(0);
  for (let at: usize = 0; at < end; at += 16) {
    const value = v128.load(x + at);
    squares = f32x4.add(squares, f32x4.mul(value, value));
  }
  const factor = f32x4.splat(1 / sqrt<f32>(total(squares) / <f32>width + epsilon));
  if (!weights) {
    for (let at: usize = 0; at < end; at += 16) put(y + at, f32x4.mul(v128.load(x + at), factor), add);
    return;
  }
  for (let at: usize = 0; at < end; at += 16)
    put(y + at, f32x4.mul(f32x4.mul(v128.load(x + at), factor), v128.load(weights + at)), add);
}

/** `y[c] += scale · x[c]`, whole vectors of four. */
export function addRow(y: usize, x: usize, width: u32, scale: f32): void {
  const factor = f32x4.splat(scale);
  const end = <usize>((width + 3) >> 2) * 16;
  for (let at: usize = 0; at < end; at += 16)
    v128.store(y + at, f32x4.add(v128.load(y + at), f32x4.mul(factor, v128.load(x + at))));
}

/** `y[c] *= factor`, then `y[c] = cap · tanh(y[c] / cap)` unless cap is 0; whole vectors of four. */
export function scaleRow(y: usize, width: u32, factor: f32, cap: f32): void {
  const by = f32x4.splat(factor);
  const end = <usize>((width + 3) >> 2) * 16;
  for (let at: usize = 0; at < end; at += 16) {
    const value = f32x4.mul(v128.load(y + at), by);
    v128.store(y + at, cap > 0 ? capped(value, cap) : value);
  }
}

/** `cap · tanh(x / cap)` */
// @ts-ignore: decorator
@inline
export function capped(x: v128, cap: f32): v128 {
  return f32x4.mul(f32x4.splat(cap), tanh4(f32x4.div(x, f32x4.splat(cap))));
}

/** `ACTIVATIONS` in ../program.ts. */
const GELU: u32 = 1;
const CLAMPED: u32 = 2;

/**
 * `y[f] = gate[f] · σ(gate[f]) · up[f]`; GELU has σ of 2·√(2/π) · (gate[f] + 0.044715 · gate[f]³); CLAMPED σ of 1.702 ·
 * gate[f], gate at most 7, up between -7 and 7 and one more.
 */
export function gateRow(gate: usize, up: usize, y: usize, width: u32, activation: u32): void {
  if (activation == CLAMPED) return clampedGateRow(gate, up, y, width);

  const one = f32x4.splat(1);
  const end = <usize>((width + 3) >> 2) * 16;
  for (let at: usize = 0; at < end; at += 16) {
    const g = v128.load(gate + at);
    const slope = f32x4.mul(f32x4.splat(1.5957691), f32x4.add(one, f32x4.mul(f32x4.splat(0.044715), f32x4.mul(g, g))));
    const turn = activation == GELU ? f32x4.mul(g, slope) : g;
    const active = f32x4.div(g, f32x4.add(one, exp4(f32x4.neg(turn))));
    v128.store(y + at, f32x4.mul(active, v128.load(up + at)));
  }
}

function clampedGateRow(gate: usize, up: usize, y: usize, width: u32): void {
  const one = f32x4.splat(1);
  const limit = f32x4.splat(7);
  const end = <usize>((width + 3) >> 2) * 16;
  for (let at: usize = 0; at < end; at += 16) {
    const g = f32x4.min(v128.load(gate + at), limit);
    const u = f32x4.max(f32x4.min(v128.load(up + at), limit), f32x4.neg(limit));
    const active = f32x4.div(g, f32x4.add(one, exp4(f32x4.mul(f32x4.splat(-1.702), g))));
    v128.store(y + at, f32x4.mul(active, f32x4.add(u, one)));
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
