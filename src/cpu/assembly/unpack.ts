import { halvesToFloats } from './lanes';
import { F16, F32, GROUP, groupBytes, Q4, Q4_BYTES, Q4_NIBBLES, Q8_BYTES, Q8_QUANTS } from './formats';

/** Row `row` of a matrix as floats; `to` has room for whole blocks of 32. */
export function unpackRow(format: u32, matrix: usize, row: u32, columns: u32, to: usize): void {
  const bytes = groupBytes(format, columns);
  const group = matrix + <usize>(row / GROUP) * bytes;
  const lane: usize = row % GROUP;
  if (format == F32) memory.copy(to, group + lane * (bytes / GROUP), bytes / GROUP);
  else if (format == F16) unpackHalves(group + lane * (bytes / GROUP), (columns + 7) >> 3, to);
  else if (format == Q4) unpackQ4(group, lane, (columns + 31) >> 5, to);
  else unpackQ8(group, lane, (columns + 31) >> 5, to);
}

function unpackHalves(from: usize, eights: u32, to: usize): void {
  for (let index: u32 = 0; index < eights; index++) {
    v128.store(to, halvesToFloats(v128.load_ext<u16>(from)));
    v128.store(to, halvesToFloats(v128.load_ext<u16>(from, 8)), 16);
    from += 16;
    to += 32;
  }
}

function unpackQ4(block: usize, lane: usize, blocks: u32, to: usize): void {
  const mask = i16x8.splat(15);
  for (let index: u32 = 0; index < blocks; index++) {
    const scale = v128.load_splat<f32>(block + lane * 4);
    const minimum = v128.load_splat<f32>(block + lane * 4, 16);
    const quants = v128.load(block + Q4_NIBBLES + lane * 16);
    storeEight(to, v128.and(quants, mask), scale, minimum);
    storeEight(to + 32, v128.and(i16x8.shr_u(quants, 4), mask), scale, minimum);
    storeEight(to + 64, v128.and(i16x8.shr_u(quants, 8), mask), scale, minimum);
    storeEight(to + 96, i16x8.shr_u(quants, 12), scale, minimum);
    block += Q4_BYTES;
    to += 128;
  }
}

function unpackQ8(block: usize, lane: usize, blocks: u32, to: usize): void {
  for (let index: u32 = 0; index < blocks; index++) {
    const scale = v128.load_splat<f32>(block + lane * 4);
    const quants = block + Q8_QUANTS + lane * 32;
    for (let part: usize = 0; part < 4; part++)
      storeEight(to + part * 32, v128.load_ext<i8>(quants + part * 8), scale, f32x4.splat(0));
    block += Q8_BYTES;
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
