import { hasMinima } from './formats';

/** Bytes that a token has in scratch memory: its sums so far, and those of half a block. */
export const TOKEN_SCRATCH: usize = 32;

/** A block's products of four rows as floats. @param rows - scales, a lane a row */
// @ts-ignore: decorator
@inline
export function scaled(whole: v128, rows: v128, scales: usize): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(whole), f32x4.mul(rows, v128.load_splat<f32>(scales)));
}

/**
 * A block's products, scaled, and its minima, added to a token's sums of four rows.
 * @param minima - of a format that has them
 * @param scales - the token's. @see quantize.ts
 */
// @ts-ignore: decorator
@inline
export function addBlock(format: u32, sum: v128, whole: v128, rows: v128, minima: v128, scales: usize): v128 {
  const plain = f32x4.add(sum, scaled(whole, rows, scales));
  return hasMinima(format) ? f32x4.add(plain, f32x4.mul(minima, v128.load_splat<f32>(scales, 4))) : plain;
}
