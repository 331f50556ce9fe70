import { halvesToFloats } from './lanes';
import { F16, F32, GROUP, groupBytes, HALVES, Q4_0, Q4_0_BYTES, Q4_1, Q4_1_BYTES, Q8_0, Q8_0_BYTES } from './formats';

/** Row `row` of a matrix as floats; `to` has room for whole blocks of 32. */
export function unpackRow(format: u32, matrix: usize, row: u32, columns: u32, to: usize): void {
  const bytes: usize = groupBytes(format, columns);
  const group = matrix + <usize>(row / GROUP) * bytes;
  const lane: usize = row % GROUP;
  const blocks = (columns + 31) >> 5;
  switch (format) {
    case F32:
      memory.copy(to, group + lane * (bytes / GROUP), bytes / GROUP);
      break;
    case F16:
      unpackHalves(group + lane * (bytes / GROUP), (columns + 7) >> 3, to);
      break;
    case Q4_0:
      unpackQ4(group, lane, blocks, 0, Q4_0_BYTES, to);
      break;
    case Q4_1:
      unpackQ4(group, lane, blocks, HALVES, Q4_1_BYTES, to);
      break;
    case Q8_0:
      unpackQ8(group, lane, blocks, to);
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
function unpackQ4(block: usize, lane: usize, blocks: u32, minima: usize, bytes: usize, to: usize): void {
  const mask = i8x16.splat(0x0f);
  for (let index: u32 = 0; index < blocks; index++) {
    const scale = halfAt(block, lane);
    const minimum = minima ? halfAt(block + HALVES, lane) : f32x4.mul(scale, f32x4.splat(-8));
    const vectors = block + HALVES + minima + lane * 4;
    let quants = v128.load_lane<u32>(vectors, i32x4.splat(0), 0);
    quants = v128.load_lane<u32>(vectors, quants, 1, 16);
    quants = v128.load_lane<u32>(vectors, quants, 2, 32);
    quants = v128.load_lane<u32>(vectors, quants, 3, 48);
    const low = v128.and(quants, mask);
    const high = v128.and(i16x8.shr_u(quants, 4), mask);
    const first = v128.shuffle<i8>(low, high, 0, 2, 16, 18, 1, 3, 17, 19, 4, 6, 20, 22, 5, 7, 21, 23);
    const second = v128.shuffle<i8>(low, high, 8, 10, 24, 26, 9, 11, 25, 27, 12, 14, 28, 30, 13, 15, 29, 31);
    storeEight(to, i16x8.extend_low_i8x16_u(first), scale, minimum);
    storeEight(to + 32, i16x8.extend_high_i8x16_u(first), scale, minimum);
    storeEight(to + 64, i16x8.extend_low_i8x16_u(second), scale, minimum);
    storeEight(to + 96, i16x8.extend_high_i8x16_u(second), scale, minimum);
    block += bytes;
    to += 128;
  }
}

function unpackQ8(block: usize, lane: usize, blocks: u32, to: usize): void {
  for (let index: u32 = 0; index < blocks; index++) {
    const scale = halfAt(block, lane);
    let quants = block + HALVES + lane * 2;
    for (let part: usize = 0; part < 4; part++) {
      let eight = v128.load_lane<u16>(quants, i32x4.splat(0), 0);
      eight = v128.load_lane<u16>(quants, eight, 1, 8);
      eight = v128.load_lane<u16>(quants, eight, 2, 16);
      eight = v128.load_lane<u16>(quants, eight, 3, 24);
      storeEight(to + part * 32, i16x8.extend_low_i8x16_s(eight), scale, f32x4.splat(0));
      quants += 32;
    }
    block += Q8_0_BYTES;
    to += 128;
  }
}

/** A row's scale or minimum, in all lanes. */
// @ts-ignore: decorator
@inline
function halfAt(halves: usize, lane: usize): v128 {
  return f32x4.splat(f32x4.extract_lane(halvesToFloats(halves + lane * 2), 0));
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
