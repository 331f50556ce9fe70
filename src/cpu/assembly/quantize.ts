import { greatest } from './lanes';

// Activations as blocks of 32 numbers of 16 bits: value = scale · quant. A block's quants of all tokens lie one after the
// other, `[blocks, T, 32]`, so that the matrix kernels read on and on. So do the scales, `[blocks, T]`:
//
//   offset  type  meaning
//        0   f32  scale
//        4   f32  scale · sum of the block's quants, for weights with minima
//        8   i32  -8 · sum of the block's quants, for the nibbles of Q4_0
//       12   i32  -32 · sum of its first sixteen quants, then of the others, for Q6_K
//
// Behind the quants of all tokens a build with relaxed SIMD has them once more as bytes, `[blocks, T, 2, 32]`, the high ones
// and the low ones: quant = 256 · high + low + 128, both signed. Of four columns they lie in the order 0, 2, 1, 3, as the
// weights do. @see formats.ts

/** Bytes of a block's quants. */
export const BLOCK_BYTES: usize = 64;
/** Bytes of a block's quants as bytes. */
export const HIGH_AND_LOW_BYTES: usize = 64;
/** Bytes of a block's scale and sums. */
export const SCALE_BYTES: usize = 20;

/** Where the bytes are of the quants at an address. */
// @ts-ignore: decorator
@inline
export function bytesBehind(quants: usize, rows: u32, blocks: u32): usize {
  return quants + <usize>rows * blocks * BLOCK_BYTES;
}


/** Rounds row `row` of `rows`, the floats at `x`. */
export function quantizeRow(x: usize, row: u32, rows: u32, blocks: u32, quants: usize, scales: usize): void {
  let to = quants + <usize>row * BLOCK_BYTES;
  let bytes = bytesBehind(quants, rows, blocks) + <usize>row * HIGH_AND_LOW_BYTES;
  let scale = scales + <usize>row * SCALE_BYTES;
  for (let index: u32 = 0; index < blocks; index++) {
    let most = f32x4.abs(v128.load(x));
    for (let part: usize = 16; part < 128; part += 16) most = f32x4.max(most, f32x4.abs(v128.load(x + part)));
    const unit = greatest(most) / 32767;
    const factor = f32x4.splat(unit > 0 ? 1 / unit : 0);
    const near = roundSixteen(x, factor, to);
    const whole = near + roundSixteen(x + 64, factor, to + 32);
    if (ASC_FEATURE_RELAXED_SIMD) {
      putBytes(to, bytes);
      putBytes(to + 32, bytes + 16);
      bytes += rows * HIGH_AND_LOW_BYTES;
    }
    store<f32>(scale, unit);
    store<f32>(scale, unit * <f32>whole, 4);
    store<i32>(scale, -8 * whole, 8);
    store<i32>(scale, -32 * near, 12);
    store<i32>(scale, -32 * (whole - near), 16);
    x += 128;
    to += rows * BLOCK_BYTES;
    scale += rows * SCALE_BYTES;
  }
}

/** Sixteen numbers. @returns their sum */
// @ts-ignore: decorator
@inline
function roundSixteen(x: usize, factor: v128, to: usize): i32 {
  const a = round(v128.load(x), factor);
  const b = round(v128.load(x, 16), factor);
  const c = round(v128.load(x, 32), factor);
  const d = round(v128.load(x, 48), factor);
  v128.store(to, i16x8.narrow_i32x4_s(a, b));
  v128.store(to, i16x8.narrow_i32x4_s(c, d), 16);
  const sum = i32x4.add(i32x4.add(a, b), i32x4.add(c, d));
  return (
    i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1) + i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3)
  );
}

/** Sixteen quants as their high bytes and, 32 bytes behind, their low ones. */
// @ts-ignore: decorator
@inline
function putBytes(quants: usize, to: usize): void {
  const a = v128.load(quants);
  const b = v128.load(quants, 16);
  const highs = i8x16.narrow_i16x8_s(i16x8.shr_s(a, 8), i16x8.shr_s(b, 8));
  // The low bytes as they are, less 128: with the highest bit flipped.
  const lows = v128.xor(v128.shuffle<i8>(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30), i8x16.splat(-128));
  v128.store(to, v128.shuffle<i8>(highs, highs, 0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15));
  v128.store(to, v128.shuffle<i8>(lows, lows, 0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15), 32);
}

// @ts-ignore: decorator
@inline
function round(x: v128, factor: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(x, factor)));
}
