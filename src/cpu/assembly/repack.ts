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
    const shifts = shiftsOf(row);
    let block = to + <usize>(row / GROUP) * blocks * bytes;
    for (let index: u32 = 0; index < blocks; index++) {
      store<u16>(block + lane * 2, load<u16>(from));
      if (minima) store<u16>(block + HALVES + lane * 2, load<u16>(from, 2));
      from += minima ? 4 : 2;
      // A byte of the file has an element i in its low and element 16 + i in its high nibble.
      const packed = v128.load(from);
      const low = v128.and(packed, i8x16.splat(0x0f));
      const high = v128.and(i16x8.shr_u(packed, 4), i8x16.splat(0x0f));
      const vectors = block + HALVES + minima;
      place(vectors, i16x8.extend_low_i8x16_u(low), shifts, lane == 0);
      place(vectors + 16, i16x8.extend_high_i8x16_u(low), shifts, lane == 0);
      place(vectors + 32, i16x8.extend_low_i8x16_u(high), shifts, lane == 0);
      place(vectors + 48, i16x8.extend_high_i8x16_u(high), shifts, lane == 0);
      from += 16;
      block += bytes;
    }
  }
}

/**
 * Adds a row's nibbles to a vector, each shifted to its bits. The first row's are just stored: reading memory that nobody
 * has written would cost a page fault besides that of writing.
 */
// @ts-ignore: decorator
@inline
function place(vector: usize, nibbles: v128, shifts: v128, first: bool): void {
  const placed = i16x8.mul(nibbles, shifts);
  if (first) v128.store(vector, placed);
  else v128.store(vector, v128.or(v128.load(vector), placed));
}

/** What lane 2r + e of a row's nibbles is multiplied by: 16^k, row = (r + k) mod 4. */
function shiftsOf(row: u32): v128 {
  const shifts = i16x8(1, 1, 0x1000, 0x1000, 0x100, 0x100, 0x10, 0x10);
  switch (row % GROUP) {
    case 0:
      return shifts;
    case 1:
      return v128.shuffle<i32>(shifts, shifts, 3, 0, 1, 2);
    case 2:
      return v128.shuffle<i32>(shifts, shifts, 2, 3, 0, 1);
    default:
      return v128.shuffle<i32>(shifts, shifts, 1, 2, 3, 0);
  }
}

function repackQ8(from: usize, to: usize, rows: u32, blocks: u32): void {
  for (let row: u32 = 0; row < rows; row++) {
    const lane: usize = row % GROUP;
    let block = to + <usize>(row / GROUP) * blocks * Q8_0_BYTES;
    for (let index: u32 = 0; index < blocks; index++) {
      store<u16>(block + lane * 2, load<u16>(from));
      const quants = block + HALVES;
      for (let vector: usize = 0; vector < 4; vector++) {
        // Pair r lies in half k = (row - r) mod 4.
        const eight = v128.load64_zero(from + vector * 8, 2);
        const at = quants + vector * 32;
        v128.store_lane<u16>(at + ((lane * 8) & 24), eight, 0);
        v128.store_lane<u16>(at + (((lane + 3) * 8) & 24), eight, 1, 2);
        v128.store_lane<u16>(at + (((lane + 2) * 8) & 24), eight, 2, 4);
        v128.store_lane<u16>(at + (((lane + 1) * 8) & 24), eight, 3, 6);
      }
      from += 34;
      block += Q8_0_BYTES;
    }
  }
}
