import { greatest } from './lanes';

// Activations as blocks of 32 numbers of 16 bits: value = scale · quant. A block's quants of all tokens lie one after the
// other, `[blocks, T, 32]`, so that the matrix kernels read on and on. So do the scales, `[blocks, T]`:
//
//   offset  type  meaning
//        0   f32  scale
//        4   f32  scale · sum of the block's quants, for weights with minima
//        8   i32  -8 · sum of the block's quants, for the nibbles of Q4_0

/** Bytes of a block's quants. */
export const BLOCK_BYTES: usize = 64;
/** Bytes of a block's scale and sums. */
export const SCALE_BYTES: usize = 12;

/** Rounds row `row` of `rows`, the floats at `x`. */
export function quantizeRow(x: usize, row: u32, rows: u32, blocks: u32, quants: usize, scales: usize): void {
  let to = quants + <usize>row * BLOCK_BYTES;
  let scale = scales + <usize>row * SCALE_BYTES;
  for (let index: u32 = 0; index < blocks; index++) {
    let most = f32x4.abs(v128.load(x));
    for (let part: usize = 16; part < 128; part += 16) most = f32x4.max(most, f32x4.abs(v128.load(x + part)));
    const unit = greatest(most) / 32767;
    const factor = f32x4.splat(unit > 0 ? 1 / unit : 0);
    let sum = i32x4.splat(0);
    for (let part: usize = 0; part < 4; part++) {
      const low = round(v128.load(x + part * 32), factor);
      const high = round(v128.load(x + part * 32, 16), factor);
      sum = i32x4.add(sum, i32x4.add(low, high));
      v128.store(to + part * 16, i16x8.narrow_i32x4_s(low, high));
    }
    const whole =
      i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1) + i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3);
    store<f32>(scale, unit);
    store<f32>(scale, unit * <f32>whole, 4);
    store<i32>(scale, -8 * whole, 8);
    x += 128;
    to += rows * BLOCK_BYTES;
    scale += rows * SCALE_BYTES;
  }
}

// @ts-ignore: decorator
@inline
function round(x: v128, factor: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(x, factor)));
}
