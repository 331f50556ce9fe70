import { Q8_0 } from './formats';

// Products of a block of four rows with a token's block of 16-bit numbers, as integers: exact. Product k adds up in lane r
// the 32 columns of row (r + k) mod 4. @see formats.ts for the layouts

/** Lane r holds row (r + 1) mod 4; it moves to that row's lane. */
// @ts-ignore: decorator
@inline
export function turn1(product: v128): v128 {
  return v128.shuffle<i32>(product, product, 3, 0, 1, 2);
}

/** As `turn1`, of rows (r + 2) and (r + 3) mod 4, added up. */
// @ts-ignore: decorator
@inline
export function join23(product2: v128, product3: v128): v128 {
  const turned = v128.shuffle<i32>(product2, product2, 2, 3, 0, 1);
  return i32x4.add(turned, v128.shuffle<i32>(product3, product3, 1, 2, 3, 0));
}

/** Adds up a block's four products k, whose lane r belongs to row (r + k) mod 4. */
// @ts-ignore: decorator
@inline
function join(product0: v128, product1: v128, product2: v128, product3: v128): v128 {
  return i32x4.add(i32x4.add(product0, turn1(product1)), join23(product2, product3));
}

/** The sum of four multiplications. */
// @ts-ignore: decorator
@inline
export function dot(w0: v128, w1: v128, w2: v128, w3: v128, x0: v128, x1: v128, x2: v128, x3: v128): v128 {
  const low = i32x4.add(i32x4.dot_i16x8_s(w0, x0), i32x4.dot_i16x8_s(w1, x1));
  return i32x4.add(low, i32x4.add(i32x4.dot_i16x8_s(w2, x2), i32x4.dot_i16x8_s(w3, x3)));
}

/** A block's nibbles times one token's block. Those of bits [4k, 4k + 4) stay there until they are added up: `x · 16^k`. */
// @ts-ignore: decorator
@inline
export function blockQ4(quants: usize, x: usize, mask0: v128, mask1: v128, mask2: v128): v128 {
  const x0 = v128.load(x);
  const x1 = v128.load(x, 16);
  const x2 = v128.load(x, 32);
  const x3 = v128.load(x, 48);
  const q0 = v128.load(quants);
  const q1 = v128.load(quants, 16);
  const q2 = v128.load(quants, 32);
  const q3 = v128.load(quants, 48);
  const product0 = masked(q0, q1, q2, q3, mask0, x0, x1, x2, x3);
  const product1 = masked(q0, q1, q2, q3, mask1, x0, x1, x2, x3);
  const product2 = masked(q0, q1, q2, q3, mask2, x0, x1, x2, x3);
  const w0 = i16x8.shr_u(q0, 12);
  const w1 = i16x8.shr_u(q1, 12);
  const w2 = i16x8.shr_u(q2, 12);
  const product3 = dot(w0, w1, w2, i16x8.shr_u(q3, 12), x0, x1, x2, x3);
  return join(product0, i32x4.shr_s(product1, 4), i32x4.shr_s(product2, 8), product3);
}

// @ts-ignore: decorator
@inline
function masked(q0: v128, q1: v128, q2: v128, q3: v128, mask: v128, x0: v128, x1: v128, x2: v128, x3: v128): v128 {
  return dot(v128.and(q0, mask), v128.and(q1, mask), v128.and(q2, mask), v128.and(q3, mask), x0, x1, x2, x3);
}

// @ts-ignore: decorator
@inline
export function blockQ8(quants: usize, x: usize): v128 {
  const x0 = v128.load(x);
  const x1 = v128.load(x, 16);
  const x2 = v128.load(x, 32);
  const x3 = v128.load(x, 48);
  return join(
    bytes(quants, x0, x1, x2, x3),
    bytes(quants + 8, x0, x1, x2, x3),
    bytes(quants + 16, x0, x1, x2, x3),
    bytes(quants + 24, x0, x1, x2, x3),
  );
}

// @ts-ignore: decorator
@inline
function bytes(quants: usize, x0: v128, x1: v128, x2: v128, x3: v128): v128 {
  const w0 = v128.load_ext<i8>(quants);
  const w1 = v128.load_ext<i8>(quants, 32);
  const w2 = v128.load_ext<i8>(quants, 64);
  return dot(w0, w1, w2, v128.load_ext<i8>(quants, 96), x0, x1, x2, x3);
}

/** The quants of vector v and product k as 16-bit numbers. */
// @ts-ignore: decorator
@inline
export function widened(format: u32, quants: usize, v: usize, k: i32, mask: v128): v128 {
  if (format == Q8_0) return v128.load_ext<i8>(quants + v * 32 + k * 8);
  const packed = v128.load(quants + v * 16);
  if (k == 0) return v128.and(packed, mask);
  const shifted = i16x8.shr_u(packed, k * 4);
  return k == 3 ? shifted : v128.and(shifted, mask);
}
