import { sumLanesI32 } from './lanes';
import { BLOCK_BYTES, SCALE_BYTES, scalesOf } from './quantize';
import { Q4_BYTES, Q4_NIBBLES, Q8_BYTES, Q8_QUANTS } from './formats';

// y[t, r] = Σ_blocks scale[r] · scale[t] · Σ_block quant[r] · quant[t]  (+ minimum[r] · sum[t])
// Four rows of weights at a time: for one token (its lanes are the rows), or for four tokens (lanes are the tokens), where
// every block of weights is unpacked once. Both add up in the same order, so a token's result does not depend on how
// many others come with it. @see quantize.ts, formats.ts for the layouts

/** One row's block times one token's, four partial sums. */
// @ts-ignore: decorator
@inline
function dot(w0: v128, w1: v128, w2: v128, w3: v128, x: usize): v128 {
  const low = i32x4.add(i32x4.dot_i16x8_s(w0, v128.load(x)), i32x4.dot_i16x8_s(w1, v128.load(x, 16)));
  const high = i32x4.add(i32x4.dot_i16x8_s(w2, v128.load(x, 32)), i32x4.dot_i16x8_s(w3, v128.load(x, 48)));
  return i32x4.add(low, high);
}

// @ts-ignore: decorator
@inline
function dotQ4(weights: usize, x: usize): v128 {
  const quants = v128.load(weights);
  const mask = i16x8.splat(15);
  const w1 = v128.and(i16x8.shr_u(quants, 4), mask);
  const w2 = v128.and(i16x8.shr_u(quants, 8), mask);
  return dot(v128.and(quants, mask), w1, w2, i16x8.shr_u(quants, 12), x);
}

// @ts-ignore: decorator
@inline
function dotQ8(weights: usize, x: usize): v128 {
  return dot(
    v128.load_ext<i8>(weights),
    v128.load_ext<i8>(weights, 8),
    v128.load_ext<i8>(weights, 16),
    v128.load_ext<i8>(weights, 24),
    x,
  );
}

/** Four rows for one token. */
function tokenQ4(weights: usize, blocks: u32, x: usize, scales: usize): v128 {
  let sum = f32x4.splat(0);
  for (let index: u32 = 0; index < blocks; index++) {
    const quants = weights + Q4_NIBBLES;
    const whole = sumLanesI32(dotQ4(quants, x), dotQ4(quants + 16, x), dotQ4(quants + 32, x), dotQ4(quants + 48, x));
    const scale = f32x4.mul(v128.load(weights), v128.load_splat<f32>(scales));
    sum = f32x4.add(sum, f32x4.mul(f32x4.convert_i32x4_s(whole), scale));
    sum = f32x4.add(sum, f32x4.mul(v128.load(weights, 16), v128.load_splat<f32>(scales, 16)));
    weights += Q4_BYTES;
    x += BLOCK_BYTES;
    scales += SCALE_BYTES;
  }
  return sum;
}

function tokenQ8(weights: usize, blocks: u32, x: usize, scales: usize): v128 {
  let sum = f32x4.splat(0);
  for (let index: u32 = 0; index < blocks; index++) {
    const quants = weights + Q8_QUANTS;
    const whole = sumLanesI32(dotQ8(quants, x), dotQ8(quants + 32, x), dotQ8(quants + 64, x), dotQ8(quants + 96, x));
    const scale = f32x4.mul(v128.load(weights), v128.load_splat<f32>(scales));
    sum = f32x4.add(sum, f32x4.mul(f32x4.convert_i32x4_s(whole), scale));
    weights += Q8_BYTES;
    x += BLOCK_BYTES;
    scales += SCALE_BYTES;
  }
  return sum;
}

/** One row for four tokens, whose rows of quants are `stride` bytes apart. */
function tileQ4(weights: usize, row: usize, blocks: u32, x: usize, stride: usize, scales: usize): v128 {
  let sum = f32x4.splat(0);
  const mask = i16x8.splat(15);
  weights += row * 4;
  let quants = weights + Q4_NIBBLES + row * 12;
  for (let index: u32 = 0; index < blocks; index++) {
    const packed = v128.load(quants);
    const w0 = v128.and(packed, mask);
    const w1 = v128.and(i16x8.shr_u(packed, 4), mask);
    const w2 = v128.and(i16x8.shr_u(packed, 8), mask);
    const w3 = i16x8.shr_u(packed, 12);
    const next = x + 2 * stride;
    const whole = sumLanesI32(
      dot(w0, w1, w2, w3, x),
      dot(w0, w1, w2, w3, x + stride),
      dot(w0, w1, w2, w3, next),
      dot(w0, w1, w2, w3, next + stride),
    );
    const scale = f32x4.mul(v128.load_splat<f32>(weights), v128.load(scales));
    sum = f32x4.add(sum, f32x4.mul(f32x4.convert_i32x4_s(whole), scale));
    sum = f32x4.add(sum, f32x4.mul(v128.load_splat<f32>(weights, 16), v128.load(scales, 16)));
    weights += Q4_BYTES;
    quants += Q4_BYTES;
    x += BLOCK_BYTES;
    scales += SCALE_BYTES;
  }
  return sum;
}

function tileQ8(weights: usize, row: usize, blocks: u32, x: usize, stride: usize, scales: usize): v128 {
  let sum = f32x4.splat(0);
  weights += row * 4;
  let quants = weights + Q8_QUANTS + row * 28;
  for (let index: u32 = 0; index < blocks; index++) {
    const w0 = v128.load_ext<i8>(quants);
    const w1 = v128.load_ext<i8>(quants, 8);
    const w2 = v128.load_ext<i8>(quants, 16);
    const w3 = v128.load_ext<i8>(quants, 24);
    const next = x + 2 * stride;
    const whole = sumLanesI32(
      dot(w0, w1, w2, w3, x),
      dot(w0, w1, w2, w3, x + stride),
      dot(w0, w1, w2, w3, next),
      dot(w0, w1, w2, w3, next + stride),
    );
    const scale = f32x4.mul(v128.load_splat<f32>(weights), v128.load(scales));
    sum = f32x4.add(sum, f32x4.mul(f32x4.convert_i32x4_s(whole), scale));
    weights += Q8_BYTES;
    quants += Q8_BYTES;
    x += BLOCK_BYTES;
    scales += SCALE_BYTES;
  }
  return sum;
}

/** Stores four rows of one token, or adds them to what is there. */
// @ts-ignore: decorator
@inline
export function put(y: usize, value: v128, add: u32): void {
  v128.store(y, add ? f32x4.add(v128.load(y), value) : value);
}

/** Four rows of weights for all tokens. `y` is where the first token's four results go; `yStride` in bytes. */
export function groupI16(
  q4: bool,
  weights: usize,
  blocks: u32,
  tokens: u32,
  quants: usize,
  scales: usize,
  y: usize,
  yStride: usize,
  add: u32,
): void {
  const stride = <usize>blocks * BLOCK_BYTES;
  let token: u32 = 0;
  for (; token + 4 <= tokens; token += 4) {
    const x = quants + token * stride;
    const s = scalesOf(scales, token, blocks);
    const a = q4 ? tileQ4(weights, 0, blocks, x, stride, s) : tileQ8(weights, 0, blocks, x, stride, s);
    const b = q4 ? tileQ4(weights, 1, blocks, x, stride, s) : tileQ8(weights, 1, blocks, x, stride, s);
    const c = q4 ? tileQ4(weights, 2, blocks, x, stride, s) : tileQ8(weights, 2, blocks, x, stride, s);
    const d = q4 ? tileQ4(weights, 3, blocks, x, stride, s) : tileQ8(weights, 3, blocks, x, stride, s);
    // From rows of tokens to tokens of rows.
    const ab0 = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const ab1 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    const cd0 = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
    const cd1 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
    const to = y + token * yStride;
    put(to, v128.shuffle<i64>(ab0, cd0, 0, 2), add);
    put(to + yStride, v128.shuffle<i64>(ab0, cd0, 1, 3), add);
    put(to + 2 * yStride, v128.shuffle<i64>(ab1, cd1, 0, 2), add);
    put(to + 3 * yStride, v128.shuffle<i64>(ab1, cd1, 1, 3), add);
  }
  for (; token < tokens; token++) {
    const x = quants + token * stride;
    const s = scalesOf(scales, token, blocks);
    const value = q4 ? tokenQ4(weights, blocks, x, s) : tokenQ8(weights, blocks, x, s);
    put(y + token * yStride, value, add);
  }
}
