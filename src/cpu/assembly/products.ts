import { NIBBLES } from './formats';
import { Q4_0, Q5_0, Q5_1, Q5_K, Q6_K, Q8_0 } from './types';

// Products of a block of four rows with a token's block of 16-bit numbers, as integers: exact. Lane r adds up row r: each
// pair of a token's numbers is loaded into all lanes. Offsets of those loads are written as the load's second argument: the
// compiler would add up any other at each of them. @see formats.ts for the layouts

/**
 * Half a block's quants, in eight vectors, times a token's block; of the second half `x` is 16 bytes later. Each offset of a
 * load takes an instruction, once for all tokens of a round: so there are few.
 */
// @ts-ignore: decorator
@inline
export function halfBlock(
  w0: v128,
  w1: v128,
  w2: v128,
  w3: v128,
  w4: v128,
  w5: v128,
  w6: v128,
  w7: v128,
  x: usize,
): v128 {
  return i32x4.add(fourPairs(w0, w2, w4, w6, x), fourPairs(w1, w3, w5, w7, x + 32));
}

/** Four vectors times four neighbouring pairs of a token's numbers. */
// @ts-ignore: decorator
@inline
function fourPairs(w0: v128, w1: v128, w2: v128, w3: v128, x: usize): v128 {
  const product0 = i32x4.dot_i16x8_s(w0, v128.load_splat<i32>(x));
  const product1 = i32x4.dot_i16x8_s(w1, v128.load_splat<i32>(x, 4));
  const product2 = i32x4.dot_i16x8_s(w2, v128.load_splat<i32>(x, 8));
  const product3 = i32x4.dot_i16x8_s(w3, v128.load_splat<i32>(x, 12));
  return i32x4.add(i32x4.add(product0, product1), i32x4.add(product2, product3));
}

/** The highest bit of each nibble. */
export const SIGNS: i32 = 0x8888;

/**
 * Vector `index` of half a block as 16-bit numbers. A nibble of Q4_0 is 8 too great: with its highest bit flipped it is
 * signed, which takes fewer instructions than subtracting from every vector.
 * @param signs - `SIGNS` in all lanes; only Q4_0 needs it
 */
// @ts-ignore: decorator
@inline
export function widened(format: u32, quants: usize, half: i32, index: i32, mask: v128, signs: v128): v128 {
  const v = 2 * half + (index >> 2);
  const k = index & 3;
  if (format == Q8_0) return v128.load_ext<i8>(quants + 64 * (k & 1) + 16 * v + 8 * (k >> 1));
  const packed = v128.load(quants + 16 * v);
  if (format == Q4_0) {
    const signed = v128.xor(packed, signs);
    return i16x8.shr_s(k == 3 ? signed : i16x8.shl(signed, 12 - 4 * k), 12);
  }
  const shifted = k == 0 ? packed : i16x8.shr_u(packed, 4 * k);
  const nibbles = k == 3 ? shifted : v128.and(shifted, mask);
  if (format == Q5_0) return i16x8.sub(withFifth(nibbles, quants, v, k), i16x8.splat(16));
  if (format == Q5_1 || format == Q5_K) return withFifth(nibbles, quants, v, k);
  if (format == Q6_K) return i16x8.sub(withHigh(nibbles, quants, v, k), i16x8.splat(32));
  return nibbles;
}

// @ts-ignore: decorator
@inline
function withFifth(nibbles: v128, quants: usize, v: i32, k: i32): v128 {
  const bits = v128.load(quants, NIBBLES);
  const at = 8 * (k >> 1) + 2 * v + (k & 1);
  const moved = at < 4 ? i16x8.shl(bits, 4 - at) : at > 4 ? i16x8.shr_u(bits, at - 4) : bits;
  return v128.or(nibbles, v128.and(moved, i16x8.splat(16)));
}

// @ts-ignore: decorator
@inline
function withHigh(nibbles: v128, quants: usize, v: i32, k: i32): v128 {
  const bits = v128.load(quants + NIBBLES + 16 * (v >> 1));
  const at = 8 * (k >> 1) + 4 * (v & 1) + 2 * (k & 1);
  const moved = at < 4 ? i16x8.shl(bits, 4 - at) : at > 4 ? i16x8.shr_u(bits, at - 4) : bits;
  return v128.or(nibbles, v128.and(moved, i16x8.splat(48)));
}

/** A block's quants, widened, times one token's block. */
// @ts-ignore: decorator
@inline
export function blockWide(format: u32, quants: usize, x: usize, mask: v128): v128 {
  const w0 = widened(format, quants, 0, 0, mask, mask);
  const w1 = widened(format, quants, 0, 1, mask, mask);
  const w2 = widened(format, quants, 0, 2, mask, mask);
  const w3 = widened(format, quants, 0, 3, mask, mask);
  const w4 = widened(format, quants, 0, 4, mask, mask);
  const w5 = widened(format, quants, 0, 5, mask, mask);
  const w6 = widened(format, quants, 0, 6, mask, mask);
  const w7 = widened(format, quants, 0, 7, mask, mask);
  const first = halfBlock(w0, w1, w2, w3, w4, w5, w6, w7, x);
  const w8 = widened(format, quants, 1, 0, mask, mask);
  const w9 = widened(format, quants, 1, 1, mask, mask);
  const wa = widened(format, quants, 1, 2, mask, mask);
  const wb = widened(format, quants, 1, 3, mask, mask);
  const wc = widened(format, quants, 1, 4, mask, mask);
  const wd = widened(format, quants, 1, 5, mask, mask);
  const we = widened(format, quants, 1, 6, mask, mask);
  const wf = widened(format, quants, 1, 7, mask, mask);
  return i32x4.add(first, halfBlock(w8, w9, wa, wb, wc, wd, we, wf, x + 16));
}

/**
 * The near columns of a block of Q6_K, or its far ones, in the eight vectors that `sixteen` takes.
 * @param far - 0 or 1
 * @param index - 0 to 7
 */
// @ts-ignore: decorator
@inline
export function widenedSide(quants: usize, far: i32, index: i32, mask: v128): v128 {
  return widened(Q6_K, quants, index >> 2, 4 * ((index >> 1) & 1) + 2 * (index & 1) + far, mask, mask);
}

/** Sixteen neighbouring columns in eight vectors times a token's sixteen numbers. */
// @ts-ignore: decorator
@inline
export function sixteen(
  w0: v128,
  w1: v128,
  w2: v128,
  w3: v128,
  w4: v128,
  w5: v128,
  w6: v128,
  w7: v128,
  x: usize,
): v128 {
  return i32x4.add(fourPairs(w0, w1, w2, w3, x), fourPairs(w4, w5, w6, w7, x + 16));
}

/** A block's nibbles times one token's block. Those of bits [4k, 4k + 4) stay there until they are added up: `x · 16^k`. */
// @ts-ignore: decorator
@inline
export function blockQ4(quants: usize, x: usize, mask0: v128, mask1: v128, mask2: v128): v128 {
  const q0 = v128.load(quants);
  const q1 = v128.load(quants, 16);
  const q2 = v128.load(quants, 32);
  const q3 = v128.load(quants, 48);
  const sum0 = everyOther(v128.and(q0, mask0), v128.and(q1, mask0), v128.and(q2, mask0), v128.and(q3, mask0), x);
  const sum1 = everyOther(v128.and(q0, mask1), v128.and(q1, mask1), v128.and(q2, mask1), v128.and(q3, mask1), x + 32);
  const sum2 = everyOther(v128.and(q0, mask2), v128.and(q1, mask2), v128.and(q2, mask2), v128.and(q3, mask2), x + 4);
  const w0 = i16x8.shr_u(q0, 12);
  const w1 = i16x8.shr_u(q1, 12);
  const w2 = i16x8.shr_u(q2, 12);
  const sum3 = everyOther(w0, w1, w2, i16x8.shr_u(q3, 12), x + 36);
  return i32x4.add(i32x4.add(sum0, i32x4.shr_s(sum1, 4)), i32x4.add(i32x4.shr_s(sum2, 8), sum3));
}

/** Four vectors times every other pair of a token's numbers. */
// @ts-ignore: decorator
@inline
function everyOther(w0: v128, w1: v128, w2: v128, w3: v128, x: usize): v128 {
  const product0 = i32x4.dot_i16x8_s(w0, v128.load_splat<i32>(x));
  const product1 = i32x4.dot_i16x8_s(w1, v128.load_splat<i32>(x, 8));
  const product2 = i32x4.dot_i16x8_s(w2, v128.load_splat<i32>(x, 16));
  const product3 = i32x4.dot_i16x8_s(w3, v128.load_splat<i32>(x, 24));
  return i32x4.add(i32x4.add(product0, product1), i32x4.add(product2, product3));
}

// @ts-ignore: decorator
@inline
export function blockQ8(quants: usize, x: usize): v128 {
  const low = i32x4.add(bytes(quants, x), bytes(quants + 32, x + 16));
  return i32x4.add(low, i32x4.add(bytes(quants + 64, x + 32), bytes(quants + 96, x + 48)));
}

/** Four half vectors of bytes times four pairs of a token's numbers. */
// @ts-ignore: decorator
@inline
function bytes(quants: usize, x: usize): v128 {
  const w0 = v128.load_ext<i8>(quants);
  const w1 = v128.load_ext<i8>(quants, 8);
  const w2 = v128.load_ext<i8>(quants, 16);
  return fourPairs(w0, w1, w2, v128.load_ext<i8>(quants, 24), x);
}
