import { hasFifthBits, NIBBLES } from './formats';
import { Q6_K } from './types';

// As products.ts, with relaxed SIMD: an instruction multiplies four bytes of each lane, one side of at most 7 bits and
// without a sign, as the quants are, and adds up the products and a third operand. A token's number is two bytes,
// 256 · high + low + 128, both signed. All is exact, and the operands keep to what every processor does alike.

/** `sum` and the products of each lane's four bytes. @param quants - 0 to 127, or processors differ */
// @ts-ignore: decorator
@inline
function dot(x: v128, quants: v128, sum: v128): v128 {
  return i32x4.relaxed_dot_i8x16_i7x16_add_s(x, quants, sum);
}

/** Four vectors times sixteen neighbouring bytes of a token, added to `sum`. */
// @ts-ignore: decorator
@inline
export function sixteenBytes(w0: v128, w1: v128, w2: v128, w3: v128, x: usize, sum: v128): v128 {
  const sum0 = dot(v128.load_splat<i32>(x), w0, sum);
  const sum1 = dot(v128.load_splat<i32>(x, 4), w1, sum0);
  const sum2 = dot(v128.load_splat<i32>(x, 8), w2, sum1);
  return dot(v128.load_splat<i32>(x, 12), w3, sum2);
}

/** 128 · the sum of each lane's bytes, 0 to 127: for what a token's low bytes are too small by. */
// @ts-ignore: decorator
@inline
export function lowOffset(quants: v128): v128 {
  return i32x4.shl(dot(i8x16.splat(64), quants, i32x4.splat(0)), 1);
}

/**
 * Quants as bytes without a sign, of columns 16 · far + 4v + (0, 2, 1, 3): what the format takes off is left to do.
 * @param mask - 15 in all bytes
 */
// @ts-ignore: decorator
@inline
export function quantBytes(format: u32, quants: usize, far: i32, v: i32, mask: v128): v128 {
  const packed = v128.load(quants + 16 * v);
  const nibbles = v128.and(far ? i16x8.shr_u(packed, 4) : packed, mask);
  if (hasFifthBits(format)) return v128.or(nibbles, bitsAt4(v128.load(quants, NIBBLES), 2 * v + far, 0x10));
  if (format != Q6_K) return nibbles;
  const high = v128.load(quants + NIBBLES + 16 * (v >> 1));
  return v128.or(nibbles, bitsAt4(high, 4 * (v & 1) + 2 * far, 0x30));
}

/** The bits from bit `from` on of each byte, moved to bit 4. */
// @ts-ignore: decorator
@inline
function bitsAt4(bytes: v128, from: i32, kept: i32): v128 {
  const moved = from < 4 ? i16x8.shl(bytes, 4 - from) : from > 4 ? i16x8.shr_u(bytes, from - 4) : bytes;
  return v128.and(moved, i8x16.splat(<i8>kept));
}
