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

/**
 * Nibble `k` of a vector and the bits above it, where they are multiplied: in place, the last at bit 0.
 * @param moved - the bits right above it there
 * @param bits - where they are above bit 0: 16 for a fifth, 48 for two
 */
// @ts-ignore: decorator
@inline
function withBitsAbove(packed: v128, moved: v128, mask: v128, bits: i32, k: i32): v128 {
  const nibble = k == 3 ? i16x8.shr_u(packed, 12) : v128.and(packed, mask);
  return v128.or(nibble, v128.and(moved, i16x8.splat(<i16>(bits << (k == 3 ? 0 : 4 * k)))));
}

/** As `blockQ4`, of quants of five bits. */
// @ts-ignore: decorator
@inline
export function blockQ5(quants: usize, x: usize, mask0: v128, mask1: v128, mask2: v128): v128 {
  const q0 = v128.load(quants);
  const q1 = v128.load(quants, 16);
  const q2 = v128.load(quants, 32);
  const q3 = v128.load(quants, 48);
  const bits = v128.load(quants, NIBBLES);
  // Of vector v the bits are at 2v, 2v + 1, 2v + 8 and 2v + 9: one shift serves the first and the third.
  const even0 = i16x8.shl(bits, 4);
  const even1 = i16x8.shl(bits, 2);
  const even3 = i16x8.shr_u(bits, 2);
  const w0 = withBitsAbove(q0, even0, mask0, 16, 0);
  const w1 = withBitsAbove(q1, even1, mask0, 16, 0);
  const w2 = withBitsAbove(q2, bits, mask0, 16, 0);
  const sum0 = everyOther(w0, w1, w2, withBitsAbove(q3, even3, mask0, 16, 0), x);
  const w4 = withBitsAbove(q0, i16x8.shl(bits, 7), mask1, 16, 1);
  const w5 = withBitsAbove(q1, i16x8.shl(bits, 5), mask1, 16, 1);
  const w6 = withBitsAbove(q2, i16x8.shl(bits, 3), mask1, 16, 1);
  const sum1 = everyOther(w4, w5, w6, withBitsAbove(q3, i16x8.shl(bits, 1), mask1, 16, 1), x + 32);
  const w8 = withBitsAbove(q0, even0, mask2, 16, 2);
  const w9 = withBitsAbove(q1, even1, mask2, 16, 2);
  const wa = withBitsAbove(q2, bits, mask2, 16, 2);
  const sum2 = everyOther(w8, w9, wa, withBitsAbove(q3, even3, mask2, 16, 2), x + 4);
  const wc = withBitsAbove(q0, i16x8.shr_u(bits, 5), mask2, 16, 3);
  const wd = withBitsAbove(q1, i16x8.shr_u(bits, 7), mask2, 16, 3);
  const we = withBitsAbove(q2, i16x8.shr_u(bits, 9), mask2, 16, 3);
  const wf = withBitsAbove(q3, i16x8.shr_u(bits, 11), mask2, 16, 3);
  const sum3 = everyOther(wc, wd, we, wf, x + 36);
  return i32x4.add(i32x4.add(sum0, i32x4.shr_s(sum1, 4)), i32x4.add(i32x4.shr_s(sum2, 8), sum3));
}

/** The near columns of a block of Q6_K times one token's, each 32 too great; nibbles as in `blockQ4`. */
// @ts-ignore: decorator
@inline
export function nearQ6(quants: usize, x: usize, mask0: v128, mask2: v128): v128 {
  const q0 = v128.load(quants);
  const q1 = v128.load(quants, 16);
  const q2 = v128.load(quants, 32);
  const q3 = v128.load(quants, 48);
  // Of the first and the third vector the bits are at 0 and 8, of the others at 4 and 12.
  const h1 = v128.load(quants, NIBBLES);
  const h3 = v128.load(quants, NIBBLES + 16);
  const h0 = i16x8.shl(h1, 4);
  const h2 = i16x8.shl(h3, 4);
  const w0 = withBitsAbove(q0, h0, mask0, 48, 0);
  const w1 = withBitsAbove(q1, h1, mask0, 48, 0);
  const w2 = withBitsAbove(q2, h2, mask0, 48, 0);
  const sum0 = everyOther(w0, w1, w2, withBitsAbove(q3, h3, mask0, 48, 0), x);
  // Of six bits at bit 8 a sum has room for four products.
  const product0 = i32x4.dot_i16x8_s(withBitsAbove(q0, h0, mask2, 48, 2), v128.load_splat<i32>(x, 4));
  const product1 = i32x4.dot_i16x8_s(withBitsAbove(q1, h1, mask2, 48, 2), v128.load_splat<i32>(x, 12));
  const product2 = i32x4.dot_i16x8_s(withBitsAbove(q2, h2, mask2, 48, 2), v128.load_splat<i32>(x, 20));
  const product3 = i32x4.dot_i16x8_s(withBitsAbove(q3, h3, mask2, 48, 2), v128.load_splat<i32>(x, 28));
  const first = i32x4.shr_s(i32x4.add(product0, product1), 8);
  return i32x4.add(sum0, i32x4.add(first, i32x4.shr_s(i32x4.add(product2, product3), 8)));
}

/** As `nearQ6`, of the far columns. */
// @ts-ignore: decorator
@inline
export function farQ6(quants: usize, x: usize, mask1: v128): v128 {
  const q0 = v128.load(quants);
  const q1 = v128.load(quants, 16);
  const q2 = v128.load(quants, 32);
  const q3 = v128.load(quants, 48);
  // Of the first and the third vector the bits are at 2 and 10, of the others at 6 and 14.
  const ha = v128.load(quants, NIBBLES);
  const hb = v128.load(quants, NIBBLES + 16);
  const w0 = withBitsAbove(q0, i16x8.shl(ha, 6), mask1, 48, 1);
  const w1 = withBitsAbove(q1, i16x8.shl(ha, 2), mask1, 48, 1);
  const w2 = withBitsAbove(q2, i16x8.shl(hb, 6), mask1, 48, 1);
  const sum1 = everyOther(w0, w1, w2, withBitsAbove(q3, i16x8.shl(hb, 2), mask1, 48, 1), x + 32);
  const w4 = withBitsAbove(q0, i16x8.shr_u(ha, 6), mask1, 48, 3);
  const w5 = withBitsAbove(q1, i16x8.shr_u(ha, 10), mask1, 48, 3);
  const w6 = withBitsAbove(q2, i16x8.shr_u(hb, 6), mask1, 48, 3);
  const w7 = withBitsAbove(q3, i16x8.shr_u(hb, 10), mask1, 48, 3);
  return i32x4.add(i32x4.shr_s(sum1, 4), everyOther(w4, w5, w6, w7, x + 36));
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
