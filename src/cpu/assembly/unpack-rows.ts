import { HALF_BITS, HALF_FACTOR } from './lanes';

// Rows of the types that lie as in the file, as floats. Every product and sum is rounded as ggml's reference does.
// @see src/gguf/dequantize.ts, which says how each type packs its bits

/** The half float at an address. */
// @ts-ignore: decorator
@inline
function half(address: usize): f32 {
  const bits = (<i32>load<i16>(address) << 13) & HALF_BITS;
  return reinterpret<f32>(bits) * reinterpret<f32>(HALF_FACTOR);
}

/** The two bits of sixteen columns, those of group `group` of a superblock: 32 bytes hold 128 columns, 32 a bit pair. */
// @ts-ignore: decorator
@inline
function crumbs(quants: usize, group: u32): v128 {
  const packed = v128.load(quants + 32 * (group >> 3) + 16 * (group & 1));
  return v128.and(i8x16.shr_u(packed, 2 * ((group & 7) >> 1)), i8x16.splat(3));
}

export function unpackQ2_K(from: usize, superblocks: u32, to: usize): void {
  for (let index: u32 = 0; index < superblocks; index++) {
    const scale = half(from + 80);
    const minimum = half(from + 82);
    for (let group: u32 = 0; group < 16; group++) {
      const bits: i32 = load<u8>(from + group);
      const step = f32x4.splat(scale * <f32>(bits & 15));
      const least = f32x4.splat(minimum * <f32>(bits >> 4));
      storeSixteen(to, crumbs(from + 16, group), step);
      for (let at: usize = 0; at < 64; at += 16) v128.store(to + at, f32x4.sub(v128.load(to + at), least));
      to += 64;
    }
    from += 84;
  }
}

export function unpackQ3_K(from: usize, superblocks: u32, to: usize): void {
  for (let index: u32 = 0; index < superblocks; index++) {
    const scale = half(from + 108);
    for (let group: u32 = 0; group < 16; group++) {
      const low: i32 = (load<u8>(from + 96 + (group & 7)) >> (4 * (group >> 3))) & 15;
      const high: i32 = (load<u8>(from + 104 + (group & 3)) >> (2 * (group >> 2))) & 3;
      const step = f32x4.splat(scale * <f32>((low | (high << 4)) - 32));
      // A third bit that is not set takes four off.
      const third = v128.and(i8x16.shr_u(v128.load(from + 16 * (group & 1)), group >> 1), i8x16.splat(1));
      const quants = i8x16.add(crumbs(from + 32, group), i8x16.shl(third, 2));
      storeSixteen(to, i8x16.sub(quants, i8x16.splat(4)), step);
      to += 64;
    }
    from += 110;
  }
}

/** 16 bytes of nibbles that stand for the steps of a table: column i low, column 16 + i high. */
// @ts-ignore: decorator
@inline
function unpackSteps(nibbles: usize, steps: v128, scale: f32, to: usize): void {
  const packed = v128.load(nibbles);
  const factor = f32x4.splat(scale);
  storeSixteen(to, i8x16.swizzle(steps, v128.and(packed, i8x16.splat(15))), factor);
  storeSixteen(to + 64, i8x16.swizzle(steps, i8x16.shr_u(packed, 4)), factor);
}

// @ts-ignore: decorator
@inline
function storeSixteen(to: usize, bytes: v128, factor: v128): void {
  const low = i16x8.extend_low_i8x16_s(bytes);
  const high = i16x8.extend_high_i8x16_s(bytes);
  v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(low)), factor));
  v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(low)), factor), 16);
  v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(high)), factor), 32);
  v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(high)), factor), 48);
}

/** @see ggml's kvalues_iq4nl */
// @ts-ignore: decorator
@inline
function iq4Steps(): v128 {
  return i8x16(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
}

export function unpackIQ4_NL(from: usize, blocks: u32, to: usize): void {
  for (let index: u32 = 0; index < blocks; index++) {
    unpackSteps(from + 2, iq4Steps(), half(from), to);
    from += 18;
    to += 128;
  }
}

export function unpackIQ4_XS(from: usize, superblocks: u32, to: usize): void {
  for (let index: u32 = 0; index < superblocks; index++) {
    const scale = half(from);
    const high: i32 = load<u16>(from, 2);
    for (let block: u32 = 0; block < 8; block++) {
      const low: i32 = (load<u8>(from + 4 + (block >> 1)) >> (4 * (block & 1))) & 15;
      const step = (low | (((high >> (2 * block)) & 3) << 4)) - 32;
      unpackSteps(from + 8 + 16 * block, iq4Steps(), scale * <f32>step, to);
      to += 128;
    }
    from += 136;
  }
}

/** The power of two has exponent `byte - 128`; below 2 it is less than the least normal float. */
// @ts-ignore: decorator
@inline
function power(byte: i32): f32 {
  return reinterpret<f32>(byte > 1 ? (byte - 1) << 23 : 0x200000 << byte);
}

export function unpackMXFP4(from: usize, blocks: u32, to: usize): void {
  const steps = i8x16(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);
  for (let index: u32 = 0; index < blocks; index++) {
    unpackSteps(from + 1, steps, power(load<u8>(from)), to);
    from += 17;
    to += 128;
  }
}
