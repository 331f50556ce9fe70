import { blockBytes, headBytes, quantsAt } from './formats';
import { HALF_BITS, HALF_FACTOR, halvesBy, unknown } from './lanes';
import { farQ6, nearQ6, sixteen, widenedSide } from './products';
import { BLOCK_BYTES, SCALE_BYTES } from './quantize';
import { signedBytesToFloats } from './scales';
import { scaled, TOKEN_SCRATCH } from './sums';
import { Q6_K } from './types';

// As matmul-i16.ts, of Q6_K: the near columns of a block have scales of their own, and so have the far ones. Each side is
// unpacked once into eight vectors and meets all tokens; a token's sums stay in scratch memory meanwhile. For one token alone
// the quants are left where they are.

/** One side of a block for all tokens, whose sums so far are at `sums`. @param rows - scales, a lane a row */
// @ts-ignore: decorator
@inline
function side(far: i32, quants: usize, rows: v128, tokens: u32, x: usize, scales: usize, sums: usize, mask: v128): void {
  const w0 = widenedSide(quants, far, 0, mask);
  const w1 = widenedSide(quants, far, 1, mask);
  const w2 = widenedSide(quants, far, 2, mask);
  const w3 = widenedSide(quants, far, 3, mask);
  const w4 = widenedSide(quants, far, 4, mask);
  const w5 = widenedSide(quants, far, 5, mask);
  const w6 = widenedSide(quants, far, 6, mask);
  const w7 = widenedSide(quants, far, 7, mask);
  let token = x + far * 32;
  let scale = scales;
  const end = sums + <usize>tokens * TOKEN_SCRATCH;
  for (let sum = sums; sum < end; sum += TOKEN_SCRATCH) {
    const whole = sixteen(w0, w1, w2, w3, w4, w5, w6, w7, token);
    v128.store(sum, f32x4.add(v128.load(sum), scaled(whole, rows, scale)));
    token += BLOCK_BYTES;
    scale += SCALE_BYTES;
  }
}

/** Four rows for all tokens; their sums come to lie at `sums`, `TOKEN_SCRATCH` apart. */
// @ts-ignore: decorator
@inline
export function splitTokens(weights: usize, blocks: u32, tokens: u32, x: usize, scales: usize, sums: usize): void {
  memory.fill(sums, 0, <usize>tokens * TOKEN_SCRATCH);
  const bits = i32x4.splat(unknown(HALF_BITS, blocks));
  const factor = i32x4.splat(unknown(HALF_FACTOR, blocks));
  const mask = i16x8.splat(<i16>unknown(15, blocks));
  let unit = f32x4.splat(0);
  for (let index: u32 = 0; index < blocks; index++) {
    if ((index & 7) == 0) {
      unit = halvesBy(weights, bits, factor);
      weights += headBytes(Q6_K);
    }
    const quants = weights + quantsAt(Q6_K);
    side(0, quants, f32x4.mul(unit, signedBytesToFloats(weights)), tokens, x, scales, sums, mask);
    side(1, quants, f32x4.mul(unit, signedBytesToFloats(weights + 4)), tokens, x, scales, sums, mask);
    x += <usize>tokens * BLOCK_BYTES;
    scales += <usize>tokens * SCALE_BYTES;
    weights += blockBytes(Q6_K);
  }
}

/** Four rows for one token. */
// @ts-ignore: decorator
@inline
export function splitToken(weights: usize, blocks: u32, x: usize, scales: usize): v128 {
  const bits = i32x4.splat(unknown(HALF_BITS, blocks));
  const factor = i32x4.splat(unknown(HALF_FACTOR, blocks));
  const mask0 = i16x8.splat(<i16>unknown(0x000f, blocks));
  const mask1 = i16x8.splat(<i16>unknown(0x00f0, blocks));
  const mask2 = i16x8.splat(<i16>unknown(0x0f00, blocks));
  let unit = f32x4.splat(0);
  let sum = unit;
  for (let index: u32 = 0; index < blocks; index++) {
    if ((index & 7) == 0) {
      unit = halvesBy(weights, bits, factor);
      weights += headBytes(Q6_K);
    }
    const quants = weights + quantsAt(Q6_K);
    const near = i32x4.add(nearQ6(quants, x, mask0, mask2), v128.load_splat<i32>(scales, 12));
    sum = f32x4.add(sum, scaled(near, f32x4.mul(unit, signedBytesToFloats(weights)), scales));
    const far = i32x4.add(farQ6(quants, x, mask1), v128.load_splat<i32>(scales, 16));
    sum = f32x4.add(sum, scaled(far, f32x4.mul(unit, signedBytesToFloats(weights + 4)), scales));
    x += BLOCK_BYTES;
    scales += SCALE_BYTES;
    weights += blockBytes(Q6_K);
  }
  return sum;
}
