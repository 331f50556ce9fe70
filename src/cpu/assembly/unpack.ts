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
      unpackQ8(group, <i32>lane, blocks, to);
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
  const places = placesOf(lane);
  for (let index: u32 = 0; index < blocks; index++) {
    const scale = halfAt(block, lane);
    const minimum = minima ? halfAt(block + HALVES, lane) : f32x4.mul(scale, f32x4.splat(-8));
    const vectors = block + HALVES + minima;
    storeEight(to, nibblesOf(vectors, places), scale, minimum);
    storeEight(to + 32, nibblesOf(vectors + 16, places), scale, minimum);
    storeEight(to + 64, nibblesOf(vectors + 32, places), scale, minimum);
    storeEight(to + 96, nibblesOf(vectors + 48, places), scale, minimum);
    block += bytes;
    to += 128;
  }
}

/** A row's eight nibbles of a vector. They move up to bits [12, 16), so that one shift puts them all in place. */
// @ts-ignore: decorator
@inline
function nibblesOf(vector: usize, places: v128): v128 {
  return i16x8.shr_u(i16x8.mul(v128.load(vector), places), 12);
}

/** What lane 2r + e is multiplied by: 16^(3 - k), row = (r + k) mod 4. */
function placesOf(row: usize): v128 {
  const places = i16x8(0x1000, 0x1000, 1, 1, 0x10, 0x10, 0x100, 0x100);
  switch (row) {
    case 0:
      return places;
    case 1:
      return v128.shuffle<i32>(places, places, 3, 0, 1, 2);
    case 2:
      return v128.shuffle<i32>(places, places, 2, 3, 0, 1);
    default:
      return v128.shuffle<i32>(places, places, 1, 2, 3, 0);
  }
}

function unpackQ8(block: usize, lane: i32, blocks: u32, to: usize): void {
  const first = bytesOf(lane);
  const second = i8x16.sub(first, i8x16.splat(16));
  for (let index: u32 = 0; index < blocks; index++) {
    const scale = halfAt(block, lane);
    for (let part: usize = 0; part < 4; part++) {
      // Of each 32 bytes a swizzle takes those that lie in its 16, and gives zeros for the others.
      const vector = block + HALVES + part * 32;
      const low = i8x16.swizzle(v128.load(vector), first);
      const eight = v128.or(low, i8x16.swizzle(v128.load(vector, 16), second));
      storeEight(to + part * 32, i16x8.extend_low_i8x16_s(eight), scale, f32x4.splat(0));
    }
    block += Q8_0_BYTES;
    to += 128;
  }
}

/** Where a row's eight bytes lie in a vector's 32: pair r in half k = (row - r) mod 4. */
function bytesOf(row: i32): v128 {
  let pairs = i16x8.splat(0);
  pairs = i16x8.replace_lane(pairs, 0, <i16>((row & 3) * 8));
  pairs = i16x8.replace_lane(pairs, 1, <i16>(((row - 1) & 3) * 8 + 2));
  pairs = i16x8.replace_lane(pairs, 2, <i16>(((row - 2) & 3) * 8 + 4));
  pairs = i16x8.replace_lane(pairs, 3, <i16>(((row - 3) & 3) * 8 + 6));
  return v128.or(pairs, i16x8.shl(i16x8.add(pairs, i16x8.splat(1)), 8));
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
