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
    const scales = halvesToFloats(block);
    const offsets = minima ? halvesToFloats(block + HALVES) : f32x4.mul(scales, f32x4.splat(-8));
    const scale0 = v128.shuffle<i32>(scales, scales, 0, 0, 0, 0);
    const scale1 = v128.shuffle<i32>(scales, scales, 1, 1, 1, 1);
    const scale2 = v128.shuffle<i32>(scales, scales, 2, 2, 2, 2);
    const scale3 = v128.shuffle<i32>(scales, scales, 3, 3, 3, 3);
    const offset0 = v128.shuffle<i32>(offsets, offsets, 0, 0, 0, 0);
    const offset1 = v128.shuffle<i32>(offsets, offsets, 1, 1, 1, 1);
    const offset2 = v128.shuffle<i32>(offsets, offsets, 2, 2, 2, 2);
    const offset3 = v128.shuffle<i32>(offsets, offsets, 3, 3, 3, 3);
    const quants = block + HALVES + minima;
    const q0 = v128.load(quants);
    const q1 = v128.load(quants, 16);
    const q2 = v128.load(quants, 32);
    const q3 = v128.load(quants, 48);
    // From a word of each row to two words of two rows, and to a row's four.
    const first01 = v128.shuffle<i32>(q0, q1, 0, 4, 1, 5);
    const last01 = v128.shuffle<i32>(q2, q3, 0, 4, 1, 5);
    storeQ4(to, v128.shuffle<i64>(first01, last01, 0, 2), scale0, offset0);
    storeQ4(to + stride, v128.shuffle<i64>(first01, last01, 1, 3), scale1, offset1);
    const first23 = v128.shuffle<i32>(q0, q1, 2, 6, 3, 7);
    const last23 = v128.shuffle<i32>(q2, q3, 2, 6, 3, 7);
    storeQ4(to + 2 * stride, v128.shuffle<i64>(first23, last23, 0, 2), scale2, offset2);
    storeQ4(to + 3 * stride, v128.shuffle<i64>(first23, last23, 1, 3), scale3, offset3);
    block += bytes;
    to += 128;
  }
}

/** A row's block as floats, from its four words. */
// @ts-ignore: decorator
@inline
function storeQ4(to: usize, words: v128, scale: v128, minimum: v128): void {
  const packed = v128.shuffle<i8>(words, words, 0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
  const low = v128.and(packed, i8x16.splat(0x0f));
  const high = v128.and(i16x8.shr_u(packed, 4), i8x16.splat(0x0f));
  storeEight(to, i16x8.extend_low_i8x16_u(low), scale, minimum);
  storeEight(to + 32, i16x8.extend_high_i8x16_u(low), scale, minimum);
  storeEight(to + 64, i16x8.extend_low_i8x16_u(high), scale, minimum);
  storeEight(to + 96, i16x8.extend_high_i8x16_u(high), scale, minimum);
}

function unpackQ8(block: usize, blocks: u32, to: usize, stride: usize): void {
  for (let index: u32 = 0; index < blocks; index++) {
    const scales = halvesToFloats(block);
    const scale0 = v128.shuffle<i32>(scales, scales, 0, 0, 0, 0);
    const scale1 = v128.shuffle<i32>(scales, scales, 1, 1, 1, 1);
    const scale2 = v128.shuffle<i32>(scales, scales, 2, 2, 2, 2);
    const scale3 = v128.shuffle<i32>(scales, scales, 3, 3, 3, 3);
    for (let eight: usize = 0; eight < 4; eight++) {
      // From pairs of the four rows to four of two rows, and to a row's eight columns.
      const pairs01 = v128.load(block + HALVES + eight * 32);
      const pairs23 = v128.load(block + HALVES + eight * 32, 16);
      const turned01 = v128.shuffle<i16>(pairs01, pairs01, 0, 4, 1, 5, 2, 6, 3, 7);
      const turned23 = v128.shuffle<i16>(pairs23, pairs23, 0, 4, 1, 5, 2, 6, 3, 7);
      const rows01 = v128.shuffle<i32>(turned01, turned23, 0, 4, 1, 5);
      const rows23 = v128.shuffle<i32>(turned01, turned23, 2, 6, 3, 7);
      const at = to + eight * 32;
      const zero = f32x4.splat(0);
      storeEight(at, i16x8.extend_low_i8x16_s(rows01), scale0, zero);
      storeEight(at + stride, i16x8.extend_high_i8x16_s(rows01), scale1, zero);
      storeEight(at + 2 * stride, i16x8.extend_low_i8x16_s(rows23), scale2, zero);
      storeEight(at + 3 * stride, i16x8.extend_high_i8x16_s(rows23), scale3, zero);
    }
    block += Q8_0_BYTES;
    to += 128;
  }
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
