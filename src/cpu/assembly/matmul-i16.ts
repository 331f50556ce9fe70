import { blockBytes, HALVES, Q4_0, Q4_1, Q8_0 } from './formats';
import { halvesToFloats } from './lanes';
import { BLOCK_BYTES, SCALE_BYTES, scalesOf } from './quantize';

// y[t, r] = Σ_blocks scale[r] · scale[t] · Σ_block quant[r] · quant[t]  (+ minimum[r] · sum[t])
// Four rows of weights at a time, a lane each, for one token or for four, which share what it takes to unpack a block.
// Both add up in the same order, so a token's result does not depend on how many others come with it.
// @see quantize.ts, formats.ts for the layouts

/** Products of two columns of four rows with a token's, which lie at `x`. */
// @ts-ignore: decorator
@inline
function pair(weights: v128, x: usize): v128 {
  return i32x4.dot_i16x8_s(weights, v128.load_splat<u32>(x));
}

/** Products of eight columns. */
// @ts-ignore: decorator
@inline
function eight(w0: v128, w1: v128, w2: v128, w3: v128, x: usize): v128 {
  return i32x4.add(i32x4.add(pair(w0, x), pair(w1, x + 4)), i32x4.add(pair(w2, x + 8), pair(w3, x + 12)));
}

/** The sum of a block's products of nibbles, left where they lie: those of bits [4k, 4k + 4) are 16^k times too great. */
// @ts-ignore: decorator
@inline
function nibblesAt(vectors: usize, x: usize, mask: v128): v128 {
  const a = pair(v128.and(v128.load(vectors), mask), x);
  const b = pair(v128.and(v128.load(vectors, 16), mask), x + 16);
  const c = pair(v128.and(v128.load(vectors, 32), mask), x + 32);
  const d = pair(v128.and(v128.load(vectors, 48), mask), x + 48);
  return i32x4.add(i32x4.add(a, b), i32x4.add(c, d));
}

// @ts-ignore: decorator
@inline
function topNibbles(vectors: usize, x: usize): v128 {
  const a = pair(i16x8.shr_u(v128.load(vectors), 12), x);
  const b = pair(i16x8.shr_u(v128.load(vectors, 16), 12), x + 16);
  const c = pair(i16x8.shr_u(v128.load(vectors, 32), 12), x + 32);
  const d = pair(i16x8.shr_u(v128.load(vectors, 48), 12), x + 48);
  return i32x4.add(i32x4.add(a, b), i32x4.add(c, d));
}

// @ts-ignore: decorator
@inline
function dotQ4(vectors: usize, x: usize, mask0: v128, mask1: v128, mask2: v128): v128 {
  const low = i32x4.add(nibblesAt(vectors, x, mask0), topNibbles(vectors, x + 12));
  const second = i32x4.shr_s(nibblesAt(vectors, x + 4, mask1), 4);
  const third = i32x4.shr_s(nibblesAt(vectors, x + 8, mask2), 8);
  return i32x4.add(low, i32x4.add(second, third));
}

// @ts-ignore: decorator
@inline
function eightQ8(vectors: usize, x: usize): v128 {
  return eight(
    v128.load_ext<i8>(vectors),
    v128.load_ext<i8>(vectors, 8),
    v128.load_ext<i8>(vectors, 16),
    v128.load_ext<i8>(vectors, 24),
    x,
  );
}

// @ts-ignore: decorator
@inline
function dotQ8(vectors: usize, x: usize): v128 {
  return i32x4.add(
    i32x4.add(eightQ8(vectors, x), eightQ8(vectors + 32, x + 16)),
    i32x4.add(eightQ8(vectors + 64, x + 32), eightQ8(vectors + 96, x + 48)),
  );
}

/** The minima of a block's rows, of a format that has them. */
// @ts-ignore: decorator
@inline
function minimaAt(format: u32, block: usize, rows: v128): v128 {
  return format == Q4_1 ? halvesToFloats(block + HALVES) : f32x4.mul(rows, f32x4.splat(-8));
}

// @ts-ignore: decorator
@inline
function quantsAt(format: u32, block: usize): usize {
  return block + (format == Q4_1 ? 2 * HALVES : HALVES);
}

// @ts-ignore: decorator
@inline
function addBlock(format: u32, sum: v128, whole: v128, rows: v128, minima: v128, scales: usize): v128 {
  const scaled = f32x4.mul(f32x4.convert_i32x4_s(whole), f32x4.mul(rows, v128.load_splat<f32>(scales)));
  const plain = f32x4.add(sum, scaled);
  return format == Q8_0 ? plain : f32x4.add(plain, f32x4.mul(minima, v128.load_splat<f32>(scales, 16)));
}

/** Four rows for one token. */
// @ts-ignore: decorator
@inline
function oneToken(format: u32, weights: usize, blocks: u32, x: usize, scales: usize): v128 {
  let sum = f32x4.splat(0);
  const mask = blocks > 0 ? 15 : 0;
  const mask0 = i16x8.splat(<i16>mask);
  const mask1 = i16x8.splat(<i16>(mask << 4));
  const mask2 = i16x8.splat(<i16>(mask << 8));
  for (let index: u32 = 0; index < blocks; index++) {
    const rows = halvesToFloats(weights);
    const quants = quantsAt(format, weights);
    const whole = format == Q8_0 ? dotQ8(quants, x) : dotQ4(quants, x, mask0, mask1, mask2);
    sum = addBlock(format, sum, whole, rows, minimaAt(format, weights, rows), scales);
    weights += blockBytes(format);
    x += BLOCK_BYTES;
    scales += SCALE_BYTES;
  }
  return sum;
}

/** Four rows for four tokens, whose rows of quants are `stride` bytes apart. */
// @ts-ignore: decorator
@inline
function fourTokens(
  format: u32,
  weights: usize,
  blocks: u32,
  x: usize,
  stride: usize,
  scales: usize,
  y: usize,
  yStride: usize,
  add: u32,
): void {
  let sum0 = f32x4.splat(0);
  let sum1 = f32x4.splat(0);
  let sum2 = f32x4.splat(0);
  let sum3 = f32x4.splat(0);
  const mask = i16x8.splat(blocks > 0 ? 15 : 0);
  for (let index: u32 = 0; index < blocks; index++) {
    let whole0 = i32x4.splat(0);
    let whole1 = i32x4.splat(0);
    let whole2 = i32x4.splat(0);
    let whole3 = i32x4.splat(0);
    let quants = quantsAt(format, weights);
    for (const end = x + BLOCK_BYTES; x < end; x += 16) {
      let w0: v128;
      let w1: v128;
      let w2: v128;
      let w3: v128;
      if (format == Q8_0) {
        w0 = v128.load_ext<i8>(quants);
        w1 = v128.load_ext<i8>(quants, 8);
        w2 = v128.load_ext<i8>(quants, 16);
        w3 = v128.load_ext<i8>(quants, 24);
        quants += 32;
      } else {
        const packed = v128.load(quants);
        w0 = v128.and(packed, mask);
        w1 = v128.and(i16x8.shr_u(packed, 4), mask);
        w2 = v128.and(i16x8.shr_u(packed, 8), mask);
        w3 = i16x8.shr_u(packed, 12);
        quants += 16;
      }
      const next = x + 2 * stride;
      whole0 = i32x4.add(whole0, eight(w0, w1, w2, w3, x));
      whole1 = i32x4.add(whole1, eight(w0, w1, w2, w3, x + stride));
      whole2 = i32x4.add(whole2, eight(w0, w1, w2, w3, next));
      whole3 = i32x4.add(whole3, eight(w0, w1, w2, w3, next + stride));
    }
    const rows = halvesToFloats(weights);
    const minima = minimaAt(format, weights, rows);
    sum0 = addBlock(format, sum0, whole0, rows, minima, scales);
    sum1 = addBlock(format, sum1, whole1, rows, minima, scales + 4);
    sum2 = addBlock(format, sum2, whole2, rows, minima, scales + 8);
    sum3 = addBlock(format, sum3, whole3, rows, minima, scales + 12);
    weights += blockBytes(format);
    scales += SCALE_BYTES;
  }
  put(y, sum0, add);
  put(y + yStride, sum1, add);
  put(y + 2 * yStride, sum2, add);
  put(y + 3 * yStride, sum3, add);
}

/** Stores four rows of one token, or adds them to what is there. */
// @ts-ignore: decorator
@inline
export function put(y: usize, value: v128, add: u32): void {
  v128.store(y, add ? f32x4.add(v128.load(y), value) : value);
}

// @ts-ignore: decorator
@inline
function allTokens(
  format: u32,
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
    const s = scalesOf(scales, token, blocks);
    fourTokens(format, weights, blocks, quants + token * stride, stride, s, y + token * yStride, yStride, add);
  }
  for (; token < tokens; token++) {
    const s = scalesOf(scales, token, blocks);
    put(y + token * yStride, oneToken(format, weights, blocks, quants + token * stride, s), add);
  }
}

/** Four rows of weights for all tokens. `y` is where the first token's four results go; `yStride` in bytes. */
export function groupI16(
  format: u32,
  weights: usize,
  blocks: u32,
  tokens: u32,
  quants: usize,
  scales: usize,
  y: usize,
  yStride: usize,
  add: u32,
): void {
  switch (format) {
    case Q4_0:
      allTokens(Q4_0, weights, blocks, tokens, quants, scales, y, yStride, add);
      break;
    case Q4_1:
      allTokens(Q4_1, weights, blocks, tokens, quants, scales, y, yStride, add);
      break;
    case Q8_0:
      allTokens(Q8_0, weights, blocks, tokens, quants, scales, y, yStride, add);
      break;
    default:
      unreachable();
  }
}
