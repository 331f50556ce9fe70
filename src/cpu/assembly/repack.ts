import { halfToFloat } from './lanes';
import { F16, F32, GROUP, groupBytes, Q4_BYTES, Q4_NIBBLES, Q8_BYTES, Q8_QUANTS } from './formats';

// From the file's order into the one of formats.ts, which must be zeros before.

/** Rows of floats (`size` 4) or halves (`size` 2). */
export function repackPlain(from: usize, to: usize, rows: u32, columns: u32, size: u32): void {
  const stride = groupBytes(size == 4 ? F32 : F16, columns) / GROUP;
  for (let row: u32 = 0; row < rows; row++) memory.copy(to + row * stride, from + row * columns * size, columns * size);
}

/** Q4_0 (`hasMinimum` 0: its values are scale · (nibble - 8)) and Q4_1. */
export function repackQ4(from: usize, to: usize, rows: u32, columns: u32, hasMinimum: u32): void {
  const blocks = columns >> 5;
  for (let row: u32 = 0; row < rows; row++) {
    let block = to + <usize>(row / GROUP) * blocks * Q4_BYTES;
    const lane: usize = row % GROUP;
    for (let index: u32 = 0; index < blocks; index++) {
      const scale = halfToFloat(load<u16>(from));
      const minimum = hasMinimum ? halfToFloat(load<u16>(from, 2)) : -8 * scale;
      from += hasMinimum ? 4 : 2;
      store<f32>(block + lane * 4, scale);
      store<f32>(block + lane * 4, minimum, 16);
      // A byte of the file has an element i in its low and element 16 + i in its high nibble.
      const a = v128.load_ext<u8>(from);
      const b = v128.load_ext<u8>(from, 8);
      const low = v128.or(v128.and(a, i16x8.splat(0x0f)), i16x8.shl(v128.and(b, i16x8.splat(0x0f)), 4));
      const high = v128.or(i16x8.shl(i16x8.shr_u(a, 4), 8), i16x8.shl(i16x8.shr_u(b, 4), 12));
      v128.store(block + Q4_NIBBLES + lane * 16, v128.or(low, high));
      from += 16;
      block += Q4_BYTES;
    }
  }
}

/** Q8_0. */
export function repackQ8(from: usize, to: usize, rows: u32, columns: u32): void {
  const blocks = columns >> 5;
  for (let row: u32 = 0; row < rows; row++) {
    let block = to + <usize>(row / GROUP) * blocks * Q8_BYTES;
    const lane: usize = row % GROUP;
    for (let index: u32 = 0; index < blocks; index++) {
      store<f32>(block + lane * 4, halfToFloat(load<u16>(from)));
      v128.store(block + Q8_QUANTS + lane * 32, v128.load(from, 2));
      v128.store(block + Q8_QUANTS + lane * 32, v128.load(from, 18), 16);
      from += 34;
      block += Q8_BYTES;
    }
  }
}
