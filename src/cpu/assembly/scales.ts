import { HALVES } from './formats';
import { halvesBy } from './lanes';
import { Q4_K, Q5_K, Q6_K } from './types';

// Scales and minima of a block's four rows, a lane each. Those of the k-quants are bytes, times a unit that eight blocks
// share: it is read at the first of them.

/** Whether eight blocks have a head. */
// @ts-ignore: decorator
@inline
export function hasHead(format: u32): bool {
  return format == Q4_K || format == Q5_K || format == Q6_K;
}

/** Four bytes as floats. */
// @ts-ignore: decorator
@inline
export function bytesToFloats(address: usize): v128 {
  const halves = i16x8.extend_low_i8x16_u(v128.load32_zero(address));
  return f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(halves));
}

/** Four signed bytes as floats. */
// @ts-ignore: decorator
@inline
export function signedBytesToFloats(address: usize): v128 {
  const halves = i16x8.extend_low_i8x16_s(v128.load32_zero(address));
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(halves));
}

/** @param unit - of a head, where the format has one; `bits` and `factor` as `halvesBy` */
// @ts-ignore: decorator
@inline
export function scalesOf(format: u32, block: usize, unit: v128, bits: v128, factor: v128): v128 {
  return hasHead(format) ? f32x4.mul(unit, bytesToFloats(block)) : halvesBy(block, bits, factor);
}

/** Of a format that has them. */
// @ts-ignore: decorator
@inline
export function minimaOf(format: u32, block: usize, unit: v128, bits: v128, factor: v128): v128 {
  return hasHead(format) ? f32x4.neg(f32x4.mul(unit, bytesToFloats(block + 4))) : halvesBy(block + HALVES, bits, factor);
}
