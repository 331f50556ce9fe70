import { F16, F32, GROUP, groupBytes, HALVES, Q4_0, Q4_0_BYTES, Q4_1, Q4_1_BYTES, Q8_0, Q8_0_BYTES } from './formats';

// From the file's order into the one of formats.ts, which must be zeros before.

/** Whole rows of a file; `to` is where their first group begins. */
export function repack(format: u32, from: usize, to: usize, rows: u32, columns: u32): void {
  switch (format) {
    case F32:
      repackPlain(from, to, rows, columns * 4, groupBytes(F32, columns) / GROUP);
      break;
    case F16:
      repackPlain(from, to, rows, columns * 2, groupBytes(F16, columns) / GROUP);
      break;
    case Q4_0:
      repackQ4(from, to, rows, columns >> 5, 0, Q4_0_BYTES);
      break;
    case Q4_1:
      repackQ4(from, to, rows, columns >> 5, HALVES, Q4_1_BYTES);
      break;
    case Q8_0:
      repackQ8(from, to, rows, columns >> 5);
      break;
    default:
      unreachable();
  }
}

/** Rows of `bytes` each, which come to lie `stride` bytes apart. */
function repackPlain(from: usize, to: usize, rows: u32, bytes: usize, stride: usize): void {
  for (let row: u32 = 0; row < rows; row++) memory.copy(to + row * stride, from + row * bytes, bytes);
}

/** @param minima - bytes of four minima: 0 where there are none */
// @ts-ignore: decorator
@inline
function repackQ4(from: usize, to: usize, rows: u32, blocks: u32, minima: usize, bytes: usize): void {
  for (let row: u32 = 0; row < rows; row++) {
    const lane: usize = row % GROUP;
    let block = to + <usize>(row / GROUP) * blocks * bytes;
    for (let index: u32 = 0; index < blocks; index++) {
      store<u16>(block + lane * 2, load<u16>(from));
      if (minima) store<u16>(block + HALVES + lane * 2, load<u16>(from, 2));
      from += minima ? 4 : 2;
      // A byte of the file has an element i in its low and element 16 + i in its high nibble.
      const nibbles = v128.load(from);
      const swapped = v128.shuffle<i8>(nibbles, nibbles, 0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
      const quants = block + HALVES + minima + lane * 4;
      v128.store_lane<u32>(quants, swapped, 0);
      v128.store_lane<u32>(quants, swapped, 1, 16);
      v128.store_lane<u32>(quants, swapped, 2, 32);
      v128.store_lane<u32>(quants, swapped, 3, 48);
      from += 16;
      block += bytes;
    }
  }
}

function repackQ8(from: usize, to: usize, rows: u32, blocks: u32): void {
  for (let row: u32 = 0; row < rows; row++) {
    const lane: usize = row % GROUP;
    let block = to + <usize>(row / GROUP) * blocks * Q8_0_BYTES;
    for (let index: u32 = 0; index < blocks; index++) {
      store<u16>(block + lane * 2, load<u16>(from));
      for (let pair: usize = 0; pair < 16; pair++)
        store<u16>(block + HALVES + pair * 8 + lane * 2, load<u16>(from + pair * 2, 2));
      from += 34;
      block += Q8_0_BYTES;
    }
  }
}
