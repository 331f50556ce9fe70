import { blockBytes, HALVES, hasFifthBits, hasMinima, headBytes, quantsAt } from './formats';
import { HALF_BITS, HALF_FACTOR, halvesBy, unknown } from './lanes';
import { lowOffset, quantBytes, sixteenBytes } from './products-i8';
import { HIGH_AND_LOW_BYTES, SCALE_BYTES } from './quantize';
import { hasHead, minimaOf, scalesOf, signedBytesToFloats } from './scales';
import { scaled, TOKEN_SCRATCH } from './sums';
import { Q4_0, Q5_0, Q6_K } from './types';

// As matmul-i16.ts, with the same bits, by products-i8.ts: a whole block of weights of 4 to 6 bits is in eight registers and
// meets all tokens. Engines keep the order of loads: sums are loaded last, so that seven more registers are enough.

/** -z · the sum of a token's block, of a format whose quants are z too great. @param scales - the token's */
// @ts-ignore: decorator
@inline
function quantOffset(format: u32, scales: usize): v128 {
  const eight = v128.load_splat<i32>(scales, 8);
  return format == Q5_0 ? i32x4.shl(eight, 1) : eight;
}

/**
 * The block of token `token`, counted from those that the addresses are of.
 * @param offset - `lowOffset` of the block; of Q6_K of its near columns
 * @param rows - scales; of Q6_K of the near columns
 * @param second - minima; of Q6_K scales of the far columns
 */
// @ts-ignore: decorator
@inline
function oneBlock(
  format: u32,
  w0: v128,
  w1: v128,
  w2: v128,
  w3: v128,
  w4: v128,
  w5: v128,
  w6: v128,
  w7: v128,
  offset: v128,
  farOffset: v128,
  rows: v128,
  second: v128,
  x: usize,
  scales: usize,
  sums: usize,
  token: usize,
): void {
  const zero = i32x4.splat(0);
  const at = x + token * HIGH_AND_LOW_BYTES;
  const unit = scales + token * SCALE_BYTES;
  const to = sums + token * TOKEN_SCRATCH;
  if (format == Q6_K) {
    const nearHigh = i32x4.shl(sixteenBytes(w0, w1, w2, w3, at, zero), 8);
    const nearLow = sixteenBytes(w0, w1, w2, w3, at + 32, v128.load_splat<i32>(unit, 12));
    const near = i32x4.add(i32x4.add(nearHigh, nearLow), offset);
    v128.store(to, f32x4.add(scaled(near, rows, unit), v128.load(to)));
    const farHigh = i32x4.shl(sixteenBytes(w4, w5, w6, w7, at + 16, zero), 8);
    const farLow = sixteenBytes(w4, w5, w6, w7, at + 48, v128.load_splat<i32>(unit, 16));
    const far = i32x4.add(i32x4.add(farHigh, farLow), farOffset);
    v128.store(to, f32x4.add(scaled(far, second, unit), v128.load(to)));
    return;
  }
  const high = i32x4.add(sixteenBytes(w0, w1, w2, w3, at, zero), sixteenBytes(w4, w5, w6, w7, at + 16, zero));
  const nearLow = i32x4.add(i32x4.shl(high, 8), sixteenBytes(w0, w1, w2, w3, at + 32, offset));
  const start = format == Q4_0 || format == Q5_0 ? quantOffset(format, unit) : zero;
  const whole = i32x4.add(nearLow, sixteenBytes(w4, w5, w6, w7, at + 48, start));
  const sum = f32x4.add(scaled(whole, rows, unit), v128.load(to));
  v128.store(to, hasMinima(format) ? f32x4.add(f32x4.mul(second, v128.load_splat<f32>(unit, 4)), sum) : sum);
}

/**
 * Four rows for all tokens; their sums come to lie at `sums`, `TOKEN_SCRATCH` apart.
 * @param x - the tokens' blocks as high and low bytes
 */
// @ts-ignore: decorator
@inline
export function tokensInBytes(
  format: u32,
  weights: usize,
  blocks: u32,
  tokens: u32,
  x: usize,
  scales: usize,
  sums: usize,
): void {
  const last = sums + <usize>tokens * TOKEN_SCRATCH;
  const fours = sums + <usize>(tokens & ~3) * TOKEN_SCRATCH;
  memory.fill(sums, 0, last - sums);
  const bits = i32x4.splat(unknown(HALF_BITS, blocks));
  const factor = i32x4.splat(unknown(HALF_FACTOR, blocks));
  const mask = i8x16.splat(<i8>unknown(15, blocks));
  let unit = f32x4.splat(0);
  let minimumUnit = unit;
  for (let index: u32 = 0; index < blocks; index++) {
    if (hasHead(format) && (index & 7) == 0) {
      unit = halvesBy(weights, bits, factor);
      minimumUnit = halvesBy(weights + HALVES, bits, factor);
      weights += headBytes(format);
    }
    const quants = weights + quantsAt(format);
    const w0 = quantBytes(format, quants, 0, 0, mask);
    const w1 = quantBytes(format, quants, 0, 1, mask);
    const w2 = quantBytes(format, quants, 0, 2, mask);
    const w3 = quantBytes(format, quants, 0, 3, mask);
    const w4 = quantBytes(format, quants, 1, 0, mask);
    const w5 = quantBytes(format, quants, 1, 1, mask);
    const w6 = quantBytes(format, quants, 1, 2, mask);
    const w7 = quantBytes(format, quants, 1, 3, mask);
    let offset: v128;
    let farOffset: v128;
    let rows: v128;
    let second: v128;
    if (format == Q6_K) {
      offset = i32x4.add(lowOffset(i8x16.add(w0, w1)), lowOffset(i8x16.add(w2, w3)));
      farOffset = i32x4.add(lowOffset(i8x16.add(w4, w5)), lowOffset(i8x16.add(w6, w7)));
      rows = f32x4.mul(unit, signedBytesToFloats(weights));
      second = f32x4.mul(unit, signedBytesToFloats(weights + 4));
    } else {
      const near = i8x16.add(i8x16.add(w0, w1), i8x16.add(w2, w3));
      const far = i8x16.add(i8x16.add(w4, w5), i8x16.add(w6, w7));
      offset = hasFifthBits(format) ? i32x4.add(lowOffset(near), lowOffset(far)) : lowOffset(i8x16.add(near, far));
      farOffset = offset;
      rows = scalesOf(format, weights, unit, bits, factor);
      second = hasMinima(format) ? minimaOf(format, weights, minimumUnit, bits, factor) : rows;
    }
    let sum = sums;
    // Four tokens a round, as in matmul-i16.ts.
    for (; sum < fours; sum += 4 * TOKEN_SCRATCH) {
      oneBlock(format, w0, w1, w2, w3, w4, w5, w6, w7, offset, farOffset, rows, second, x, scales, sum, 0);
      oneBlock(format, w0, w1, w2, w3, w4, w5, w6, w7, offset, farOffset, rows, second, x, scales, sum, 1);
      oneBlock(format, w0, w1, w2, w3, w4, w5, w6, w7, offset, farOffset, rows, second, x, scales, sum, 2);
      oneBlock(format, w0, w1, w2, w3, w4, w5, w6, w7, offset, farOffset, rows, second, x, scales, sum, 3);
      x += 4 * HIGH_AND_LOW_BYTES;
      scales += 4 * SCALE_BYTES;
    }
    for (; sum < last; sum += TOKEN_SCRATCH) {
      oneBlock(format, w0, w1, w2, w3, w4, w5, w6, w7, offset, farOffset, rows, second, x, scales, sum, 0);
      x += HIGH_AND_LOW_BYTES;
      scales += SCALE_BYTES;
    }
    weights += blockBytes(format);
  }
}
