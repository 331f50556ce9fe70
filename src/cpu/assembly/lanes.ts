// Small pieces on four lanes that several kernels share.

/** Adds up the lanes of each of four vectors: lane i of the result is the sum of the i-th. */
// @ts-ignore: decorator
@inline
export function sumLanesF32(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(ab, cd, 1, 3));
}

/** The sum of a vector's lanes. */
// @ts-ignore: decorator
@inline
export function total(a: v128): f32 {
  return (
    f32x4.extract_lane(a, 0) + f32x4.extract_lane(a, 2) + (f32x4.extract_lane(a, 1) + f32x4.extract_lane(a, 3))
  );
}

/** The greatest of a vector's lanes. */
// @ts-ignore: decorator
@inline
export function greatest(a: v128): f32 {
  return max(
    max(f32x4.extract_lane(a, 0), f32x4.extract_lane(a, 1)),
    max(f32x4.extract_lane(a, 2), f32x4.extract_lane(a, 3)),
  );
}

/**
 * exp of each lane, within two units in the last place; below -87 it stays at exp(-87). As Cephes' expf: 2^n times a
 * polynomial of the rest. Adding 1.5 · 2^23 rounds to a whole number that the low bits then hold.
 */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const clamped = f32x4.min(f32x4.max(x, f32x4.splat(-87)), f32x4.splat(88));
  const shifted = f32x4.add(f32x4.mul(clamped, f32x4.splat(1.44269504)), f32x4.splat(12582912));
  const n = f32x4.sub(shifted, f32x4.splat(12582912));
  const high = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(0.693359375)));
  const r = f32x4.sub(high, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let p = f32x4.splat(1.9875691500e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(p, r), r), r), f32x4.splat(1));
  return f32x4.mul(p, i32x4.add(i32x4.shl(shifted, 23), i32x4.splat(0x3f800000)));
}

/** tanh of each lane, within 1e-7. */
// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(exp4(f32x4.add(x, x)), one)));
}

/** exp of one number, by `exp4`. */
// @ts-ignore: decorator
@inline
export function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}

/**
 * The natural logarithm of a normal number above 0, within two units in the last place. As Cephes' logf: the exponent, and
 * a polynomial of the fraction between √½ and √2. The library's own keeps tables where this memory has weights.
 */
export function log1(x: f32): f32 {
  const bits = reinterpret<u32>(x);
  // So that fractions above √2 count to the next exponent.
  const shifted = bits - 0x3f3504f3;
  const exponent = <f32>(<i32>shifted >> 23);
  const r = reinterpret<f32>((shifted & 0x007fffff) + 0x3f3504f3) - 1;
  const square = r * r;
  let p: f32 = 7.0376836292e-2;
  p = p * r - 1.151461031e-1;
  p = p * r + 1.167699874e-1;
  p = p * r - 1.2420140846e-1;
  p = p * r + 1.4249322787e-1;
  p = p * r - 1.6668057665e-1;
  p = p * r + 2.0000714765e-1;
  p = p * r - 2.4999993993e-1;
  p = p * r + 3.3333331174e-1;
  const tail = p * r * square - <f32>2.12194440e-4 * exponent - <f32>0.5 * square;
  return r + tail + <f32>0.693359375 * exponent;
}

/** Sign, exponent and fraction of a half where a float has its own. */
export const HALF_BITS: i32 = 0x8fffe000;
/** 2^112 as a float: by so much the exponents differ. The multiplication also gets subnormal halves right. */
export const HALF_FACTOR: i32 = 0x77800000;

/** The values of the four halves at an address: exact for all that are finite. */
// @ts-ignore: decorator
@inline
export function halvesToFloats(address: usize): v128 {
  return halvesBy(address, i32x4.splat(HALF_BITS), i32x4.splat(HALF_FACTOR));
}

/** As `halvesToFloats`, with `HALF_BITS` and `HALF_FACTOR` in all lanes. */
// @ts-ignore: decorator
@inline
export function halvesBy(address: usize, bits: v128, factor: v128): v128 {
  return f32x4.mul(v128.and(i32x4.shl(v128.load_ext<i16>(address), 13), bits), factor);
}

/** A constant that the compiler cannot see: it would build a vector of one that it knows anew in every round of a loop. */
// @ts-ignore: decorator
@inline
export function unknown(value: i32, blocks: u32): i32 {
  return blocks > 0 ? value : 0;
}

/** Stores four rows of one token, or adds them to what is there. */
// @ts-ignore: decorator
@inline
export function put(y: usize, value: v128, add: u32): void {
  v128.store(y, add ? f32x4.add(v128.load(y), value) : value);
}
