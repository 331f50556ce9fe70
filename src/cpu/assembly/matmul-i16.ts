import { blockBytes, HALVES, hasFifthBits, hasMinima, headBytes, quantsAt } from './formats';
import { HALF_BITS, HALF_FACTOR, halvesBy, put, unknown } from './lanes';
import { tokensInBytes } from './matmul-i8';
import { splitToken, splitTokens } from './matmul-split';
import { blockQ4, blockQ5, blockQ8, halfBlock, SIGNS, widened } from './products';
import { BLOCK_BYTES, bytesBehind, SCALE_BYTES } from './quantize';
import { hasHead, minimaOf, scalesOf } from './scales';
import { addBlock, TOKEN_SCRATCH } from './sums';
import { Q4_0, Q4_1, Q4_K, Q5_0, Q5_1, Q5_K, Q6_K, Q8_0 } from './types';

// y[t, r] = Σ_blocks scale[r] · scale[t] · Σ_block quant[r] · quant[t]  (+ minimum[r] · sum[t])
// A quant of Q4_0 is its nibble less 8, one of Q5_0 less 16; those of the types with minima are as they are.
// Four rows of weights at a time, a lane each. For one token, which waits for memory, in as few instructions as can be; for
// several each block of weights is unpacked once, into registers, and meets them all. Both add up in the same order, so a
// token's result does not depend on how many others come with it. A build with relaxed SIMD has another way, with the same
// bits, for all but Q8_0. @see products.ts, quantize.ts, matmul-i8.ts

/** Four rows for one token. */
// @ts-ignore: decorator
@inline
function oneToken(format: u32, weights: usize, blocks: u32, x: usize, scales: usize): v128 {
  let sum = f32x4.splat(0);
  let unit = sum;
  let minimumUnit = sum;
  const bits = i32x4.splat(unknown(HALF_BITS, blocks));
  const factor = i32x4.splat(unknown(HALF_FACTOR, blocks));
  const mask0 = i16x8.splat(<i16>unknown(0x000f, blocks));
  const mask1 = i16x8.splat(<i16>unknown(0x00f0, blocks));
  const mask2 = i16x8.splat(<i16>unknown(0x0f00, blocks));
  for (let index: u32 = 0; index < blocks; index++) {
    if (hasHead(format) && (index & 7) == 0) {
      unit = halvesBy(weights, bits, factor);
      minimumUnit = halvesBy(weights + HALVES, bits, factor);
      weights += headBytes(format);
    }
    const rows = scalesOf(format, weights, unit, bits, factor);
    const minima = hasMinima(format) ? minimaOf(format, weights, minimumUnit, bits, factor) : rows;
    const quants = weights + quantsAt(format);
    let whole: v128;
    if (format == Q8_0) whole = blockQ8(quants, x);
    else if (hasFifthBits(format)) whole = blockQ5(quants, x, mask0, mask1, mask2);
    else whole = blockQ4(quants, x, mask0, mask1, mask2);
    if (format == Q4_0) whole = i32x4.add(whole, v128.load_splat<i32>(scales, 8));
    if (format == Q5_0) whole = i32x4.add(whole, i32x4.shl(v128.load_splat<i32>(scales, 8), 1));
    sum = addBlock(format, sum, whole, rows, minima, scales);
    weights += blockBytes(format);
    x += BLOCK_BYTES;
    scales += SCALE_BYTES;
  }
  return sum;
}

/** The first half of a block times the block of token `token`, counted from those that `x` and `sum` are of. */
// @ts-ignore: decorator
@inline
function firstHalf(
  w0: v128,
  w1: v128,
  w2: v128,
  w3: v128,
  w4: v128,
  w5: v128,
  w6: v128,
  w7: v128,
  x: usize,
  sum: usize,
  token: usize,
): void {
  const half = halfBlock(w0, w1, w2, w3, w4, w5, w6, w7, x + token * BLOCK_BYTES);
  v128.store(sum + token * TOKEN_SCRATCH, half, 16);
}

/** The second half too: added up with the first, scaled and added to the token's sums. */
// @ts-ignore: decorator
@inline
function secondHalf(
  format: u32,
  w0: v128,
  w1: v128,
  w2: v128,
  w3: v128,
  w4: v128,
  w5: v128,
  w6: v128,
  w7: v128,
  rows: v128,
  minima: v128,
  x: usize,
  scales: usize,
  sum: usize,
  token: usize,
): void {
  const half = halfBlock(w0, w1, w2, w3, w4, w5, w6, w7, x + token * BLOCK_BYTES + 16);
  const at = sum + token * TOKEN_SCRATCH;
  const whole = i32x4.add(v128.load(at, 16), half);
  const unit = scales + token * SCALE_BYTES;
  v128.store(at, addBlock(format, v128.load(at), whole, rows, minima, unit));
}

/** Four rows for several tokens; their sums come to lie at `sums`, `TOKEN_SCRATCH` apart. */
// @ts-ignore: decorator
@inline
export function manyTokens(
  format: u32,
  weights: usize,
  blocks: u32,
  tokens: u32,
  x: usize,
  scales: usize,
  sums: usize,
): void {
  const last = sums + <usize>tokens * TOKEN_SCRATCH;
  // Four tokens a round, which saves counting and addresses: these instructions take the vectors' ports too.
  const fours = sums + <usize>(tokens & ~3) * TOKEN_SCRATCH;
  memory.fill(sums, 0, last - sums);
  const bits = i32x4.splat(unknown(HALF_BITS, blocks));
  const factor = i32x4.splat(unknown(HALF_FACTOR, blocks));
  const mask = i16x8.splat(<i16>unknown(15, blocks));
  const signs = i16x8.splat(<i16>unknown(SIGNS, blocks));
  let unit = f32x4.splat(0);
  let minimumUnit = unit;
  for (let index: u32 = 0; index < blocks; index++) {
    if (hasHead(format) && (index & 7) == 0) {
      unit = halvesBy(weights, bits, factor);
      minimumUnit = halvesBy(weights + HALVES, bits, factor);
      weights += headBytes(format);
    }
    const quants = weights + quantsAt(format);
    let w0 = widened(format, quants, 0, 0, mask, signs);
    let w1 = widened(format, quants, 0, 1, mask, signs);
    let w2 = widened(format, quants, 0, 2, mask, signs);
    let w3 = widened(format, quants, 0, 3, mask, signs);
    let w4 = widened(format, quants, 0, 4, mask, signs);
    let w5 = widened(format, quants, 0, 5, mask, signs);
    let w6 = widened(format, quants, 0, 6, mask, signs);
    let w7 = widened(format, quants, 0, 7, mask, signs);
    let token = x;
    let sum = sums;
    for (; sum < fours; sum += 4 * TOKEN_SCRATCH) {
      firstHalf(w0, w1, w2, w3, w4, w5, w6, w7, token, sum, 0);
      firstHalf(w0, w1, w2, w3, w4, w5, w6, w7, token, sum, 1);
      firstHalf(w0, w1, w2, w3, w4, w5, w6, w7, token, sum, 2);
      firstHalf(w0, w1, w2, w3, w4, w5, w6, w7, token, sum, 3);
      token += 4 * BLOCK_BYTES;
    }
    for (; sum < last; sum += TOKEN_SCRATCH) {
      firstHalf(w0, w1, w2, w3, w4, w5, w6, w7, token, sum, 0);
      token += BLOCK_BYTES;
    }
    w0 = widened(format, quants, 1, 0, mask, signs);
    w1 = widened(format, quants, 1, 1, mask, signs);
    w2 = widened(format, quants, 1, 2, mask, signs);
    w3 = widened(format, quants, 1, 3, mask, signs);
    w4 = widened(format, quants, 1, 4, mask, signs);
    w5 = widened(format, quants, 1, 5, mask, signs);
    w6 = widened(format, quants, 1, 6, mask, signs);
    w7 = widened(format, quants, 1, 7, mask, signs);
    const rows = scalesOf(format, weights, unit, bits, factor);
    const minima = hasMinima(format) ? minimaOf(format, weights, minimumUnit, bits, factor) : rows;
    for (sum = sums; sum < fours; sum += 4 * TOKEN_SCRATCH) {
      secondHalf(format, w0, w1, w2, w3, w4, w5, w6, w7, rows, minima, x, scales, sum, 0);
      secondHalf(format, w0, w1, w2, w3, w4, w5, w6, w7, rows, minima, x, scales, sum, 1);
      secondHalf(format, w0, w1, w2, w3, w4, w5, w6, w7, rows, minima, x, scales, sum, 2);
      secondHalf(format, w0, w1, w2, w3, w4, w5, w6, w7, rows, minima, x, scales, sum, 3);
      x += 4 * BLOCK_BYTES;
      scales += 4 * SCALE_BYTES;
    }
    for (; sum < last; sum += TOKEN_SCRATCH) {
      secondHalf(format, w0, w1, w2, w3, w4, w5, w6, w7, rows, minima, x, scales, sum, 0);
      x += BLOCK_BYTES;
      scales += SCALE_BYTES;
    }
    weights += blockBytes(format);
  }
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
  scratch: usize,
): void {
  // For one token quants are left where they are, which is faster still.
  if (tokens == 1) {
    const sum = format == Q6_K ? splitToken(weights, blocks, quants, scales) : oneToken(format, weights, blocks, quants, scales);
    put(y, sum, add);
    return;
  }
  if (ASC_FEATURE_RELAXED_SIMD && format != Q8_0) {
    tokensInBytes(format, weights, blocks, tokens, bytesBehind(quants, tokens, blocks), scales, scratch);
  } else if (format == Q6_K) {
    splitTokens(weights, blocks, tokens, quants, scales, scratch);
  } else {
    manyTokens(format, weights, blocks, tokens, quants, scales, scratch);
  }
  for (let token: u32 = 0; token < tokens; token++) {
    put(y, v128.load(scratch), add);
    scratch += TOKEN_SCRATCH;
    y += yStride;
  }
}

// A function each: of loops side by side in one function the compiler makes one loop that asks for the format in it.

function groupQ4_0(
  weights: usize,
  blocks: u32,
  tokens: u32,
  quants: usize,
  scales: usize,
  y: usize,
  yStride: usize,
  add: u32,
  scratch: usize,
): void {
  allTokens(Q4_0, weights, blocks, tokens, quants, scales, y, yStride, add, scratch);
}

function groupQ4_1(
  weights: usize,
  blocks: u32,
  tokens: u32,
  quants: usize,
  scales: usize,
  y: usize,
  yStride: usize,
  add: u32,
  scratch: usize,
): void {
  allTokens(Q4_1, weights, blocks, tokens, quants, scales, y, yStride, add, scratch);
}

function groupQ8_0(
  weights: usize,
  blocks: u32,
  tokens: u32,
  quants: usize,
  scales: usize,
  y: usize,
  yStride: usize,
  add: u32,
  scratch: usize,
): void {
  allTokens(Q8_0, weights, blocks, tokens, quants, scales, y, yStride, add, scratch);
}

function groupQ5_0(
  weights: usize,
  blocks: u32,
  tokens: u32,
  quants: usize,
  scales: usize,
  y: usize,
  yStride: usize,
  add: u32,
  scratch: usize,
): void {
  allTokens(Q5_0, weights, blocks, tokens, quants, scales, y, yStride, add, scratch);
}

function groupQ5_1(
  weights: usize,
  blocks: u32,
  tokens: u32,
  quants: usize,
  scales: usize,
  y: usize,
  yStride: usize,
  add: u32,
  scratch: usize,
): void {
  allTokens(Q5_1, weights, blocks, tokens, quants, scales, y, yStride, add, scratch);
}

function groupQ4_K(
  weights: usize,
  blocks: u32,
  tokens: u32,
  quants: usize,
  scales: usize,
  y: usize,
  yStride: usize,
  add: u32,
  scratch: usize,
): void {
  allTokens(Q4_K, weights, blocks, tokens, quants, scales, y, yStride, add, scratch);
}

function groupQ5_K(
  weights: usize,
  blocks: u32,
  tokens: u32,
  quants: usize,
  scales: usize,
  y: usize,
  yStride: usize,
  add: u32,
  scratch: usize,
): void {
  allTokens(Q5_K, weights, blocks, tokens, quants, scales, y, yStride, add, scratch);
}

function groupQ6_K(
  weights: usize,
  blocks: u32,
  tokens: u32,
  quants: usize,
  scales: usize,
  y: usize,
  yStride: usize,
  add: u32,
  scratch: usize,
): void {
  allTokens(Q6_K, weights, blocks, tokens, quants, scales, y, yStride, add, scratch);
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
  scratch: usize,
): void {
  switch (format) {
    case Q4_0:
      groupQ4_0(weights, blocks, tokens, quants, scales, y, yStride, add, scratch);
      break;
    case Q4_1:
      groupQ4_1(weights, blocks, tokens, quants, scales, y, yStride, add, scratch);
      break;
    case Q8_0:
      groupQ8_0(weights, blocks, tokens, quants, scales, y, yStride, add, scratch);
      break;
    case Q5_0:
      groupQ5_0(weights, blocks, tokens, quants, scales, y, yStride, add, scratch);
      break;
    case Q5_1:
      groupQ5_1(weights, blocks, tokens, quants, scales, y, yStride, add, scratch);
      break;
    case Q4_K:
      groupQ4_K(weights, blocks, tokens, quants, scales, y, yStride, add, scratch);
      break;
    case Q5_K:
      groupQ5_K(weights, blocks, tokens, quants, scales, y, yStride, add, scratch);
      break;
    case Q6_K:
      groupQ6_K(weights, blocks, tokens, quants, scales, y, yStride, add, scratch);
      break;
    default:
      unreachable();
  }
}
