import { halvesToFloats } from './lanes';
import { F16, F32, GROUP, groupBytes, HALVES, Q4_0, Q4_0_BYTES, Q4_1, Q4_1_BYTES, Q8_0, Q8_0_BYTES } from './formats';

/** A group's four rows as floats, `stride` bytes apart; each has room for whole blocks of 32. */
export function unpackGroup(format: u32, group: usize, columns: u32, to: usize, stride: usize): void {
  const rowBytes: usize = groupBytes(format, columns) / GROUP;
  const blocks = (columns + 31) >> 5;
  switch (format) {
    case F32:
      for (let row: usize = 0; row < GROUP; row++) memory.copy(to + row * stride, group + row * rowBytes, rowBytes);
      break;
    case F16:
      for (let row: usize = 0; row < GROUP; row++)
        unpackHalves(group + row * rowBytes, (columns + 7) >> 3, to + row * stride);
      break;
    case Q4_0:
      unpackQ4(group, blocks, 0, Q4_0_BYTES, to, stride);
      break;
    case Q4_1:
      unpackQ4(group, blocks, HALVES, Q4_1_BYTES, to, stride);
      break;
    case Q8_0:
      unpackQ8(group, blocks, to, stride);
      break;
    default:
      unreachable();
  }
}

function unpackHalves(from: usize, eights: u32, to: usize): void {
  for (let index: u32 = 0; index < eights; index++) {
    v128.store(to, halvesToFloats(from));
    v128.store(to, halvesToFloats(from + 8), 16);
    from += 16;
    to += 32;
  }
}

/** @param minima - bytes of four minima: 0 where they are -8 · scale */
// @ts-ignore: decorator
@inline
function unpackQ4(block: usize, blocks: u32, minima: usize, bytes: usize, to: usize, stride: usize): void {
  for (let index: u32 = 0; index < blocks; index++) {
    for (let row: usize = 0; row < GROUP; row++) {
      const scale = halfAt(block, row);
      const minimum = minima ? halfAt(block + HALVES, row) : f32x4.mul(scale, f32x4.splat(-8));
      const swapped = rowWords(block + HALVES + minima + row * 4);
      const packed = v128.shuffle<i8>(swapped, swapped, 0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
      const low = v128.and(packed, i8x16.splat(0x0f));
      const high = v128.and(i16x8.shr_u(packed, 4), i8x16.splat(0x0f));
      const at = to + row * stride;
      storeEight(at, i16x8.extend_low_i8x16_u(low), scale, minimum);
      storeEight(at + 32, i16x8.extend_high_i8x16_u(low), scale, minimum);
      storeEight(at + 64, i16x8.extend_low_i8x16_u(high), scale, minimum);
      storeEight(at + 96, i16x8.extend_high_i8x16_u(high), scale, minimum);
    }
    block += bytes;
    to += 128;
  }
}

/** A row's four words of four vectors, from its word in the first one on. */
// @ts-ignore: decorator
@inline
function rowWords(first: usize): v128 {
  let words = v128.load32_zero(first);
  words = v128.load_lane<u32>(first, words, 1, 16);
  words = v128.load_lane<u32>(first, words, 2, 32);
  return v128.load_lane<u32>(first, words, 3, 48);
}

function unpackQ8(block: usize, blocks: u32, to: usize, stride: usize): void {
  for (let index: u32 = 0; index < blocks; index++) {
    const scale0 = halfAt(block, 0);
    const scale1 = halfAt(block, 1);
    const scale2 = halfAt(block, 2);
    const scale3 = halfAt(block, 3);
    for (let eight: usize = 0; eight < 4; eight++) {
      // Pairs of the four rows, then those of two rows, then a row's eight columns.
      const pairs01 = v128.load(block + HALVES + eight * 32);
      const pairs23 = v128.load(block + HALVES + eight * 32, 16);
      const turned01 = v128.shuffle<i8>(pairs01, pairs01, 0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
      const turned23 = v128.shuffle<i8>(pairs23, pairs23, 0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
      const rows01 = v128.shuffle<i32>(turned01, turned23, 0, 4, 1, 5);
      const rows23 = v128.shuffle<i32>(turned01, turned23, 2, 6, 3, 7);
      const at = to + eight * 32;
      storeEight(at, i16x8.extend_low_i8x16_s(rows01), scale0, f32x4.splat(0));
      storeEight(at + stride, i16x8.extend_high_i8x16_s(rows01), scale1, f32x4.splat(0));
      storeEight(at + 2 * stride, i16x8.extend_low_i8x16_s(rows23), scale2, f32x4.splat(0));
      storeEight(at + 3 * stride, i16x8.extend_high_i8x16_s(rows23), scale3, f32x4.splat(0));
    }
    block += Q8_0_BYTES;
    to += 128;
  }
}

/** A row's scale or minimum, in all lanes. */
// @ts-ignore: decorator
@inline
function halfAt(halves: usize, row: usize): v128 {
  return f32x4.splat(f32x4.extract_lane(halvesToFloats(halves + row * 2), 0));
}

/** Eight 16-bit quants as floats. */
// @ts-ignore: decorator
@inline
function storeEight(to: usize, quants: v128, scale: v128, minimum: v128): void {
  const low = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(quants));
  const high = f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(quants));
  v128.store(to, f32x4.add(f32x4.mul(low, scale), minimum));
  v128.store(to, f32x4.add(f32x4.mul(high, scale), minimum), 16);
}
