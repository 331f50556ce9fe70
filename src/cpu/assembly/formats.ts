// How weight matrices lie in memory: groups of four rows (the last filled up with zeros), one after the other. Scales and
// minima stay the half floats of the file, four of them side by side, one a row. A block is 32 columns of the four rows:
//
//   type  bytes  block
//   Q4_0     72  scales (8), quants (64); value = scale · nibble - 8 · scale
//   Q4_1     80  scales (8), minima (8), quants (64); value = scale · nibble + minimum
//   Q8_0    136  scales (8), quants (128); value = scale · byte
//   F16          rows of halves, each filled up with zeros to a multiple of 8 columns
//   F32          rows of floats, each filled up with zeros to a multiple of 4 columns
//
// The quants lie so that a multiplication of pairs of 16-bit numbers adds up four rows at once, row r in lane r, when a token's
// pair of numbers stands in all lanes; a processor loads it that way at no cost.
//
//   Q4    four vectors; vector v, 16-bit lane 2r + e, bits [4k, 4k + 4): the nibble of row r in column
//         16(k & 1) + 4v + 2(k >> 1) + e. Lane r is four of the row's bytes in the file, in the order 0, 2, 1, 3
//   Q8_0  sixteen half vectors; half j, byte 2r + e: row r, column 2j + e

export const F32: u32 = 0;
export const F16: u32 = 1;
export const Q4_0: u32 = 2;
export const Q4_1: u32 = 3;
export const Q8_0: u32 = 4;

/** Rows of a group. */
export const GROUP: u32 = 4;
/** Bytes of four scales or minima. */
export const HALVES: u32 = 8;
export const Q4_0_BYTES: u32 = 72;
export const Q4_1_BYTES: u32 = 80;
export const Q8_0_BYTES: u32 = 136;

/** Bytes of a group of rows of `columns` elements. */
export function groupBytes(format: u32, columns: u32): u32 {
  switch (format) {
    case F32:
      return GROUP * ((columns + 3) & ~3) * 4;
    case F16:
      return GROUP * ((columns + 7) & ~7) * 2;
    case Q4_0:
    case Q4_1:
    case Q8_0:
      return ((columns + 31) >> 5) * blockBytes(format);
    default:
      unreachable();
      return 0;
  }
}

/** Bytes of a block of one of the formats that have blocks. */
// @ts-ignore: decorator
@inline
export function blockBytes(format: u32): u32 {
  switch (format) {
    case Q4_0:
      return Q4_0_BYTES;
    case Q4_1:
      return Q4_1_BYTES;
    case Q8_0:
      return Q8_0_BYTES;
    default:
      unreachable();
      return 0;
  }
}
