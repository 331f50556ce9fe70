import {
  BF16,
  F16,
  F32,
  IQ4_NL,
  IQ4_XS,
  MXFP4,
  Q2_K,
  Q3_K,
  Q4_0,
  Q4_1,
  Q4_K,
  Q5_0,
  Q5_1,
  Q5_K,
  Q6_K,
  Q8_0,
} from './types';

// How weight matrices lie in memory: groups of four rows (the last filled up with zeros), one after the other. Scales and
// minima stay the half floats of the file, four of them side by side, one a row. A block is 32 columns of the four rows:
//
//   type  bytes  block
//   Q4_0     72  scales (8), quants (64); value = scale · nibble - 8 · scale
//   Q4_1     80  scales (8), minima (8), quants (64); value = scale · nibble + minimum
//   Q5_0     88  scales (8), quants (64), fifth bits (16); value = scale · (quant - 16)
//   Q5_1     96  scales (8), minima (8), quants (64), fifth bits (16); value = scale · quant + minimum
//   Q8_0    136  scales (8), quants (128); value = scale · byte
//
// Of the k-quants eight blocks have a head, and each block its four rows' scales as bytes:
//
//   Q4_K     72  scales (4), minima (4), quants (64); head: units of the scales (8), of the minima (8)
//   Q5_K     88  scales (4), minima (4), quants (64), fifth bits (16); head as of Q4_K;
//                value = unit · scale · quant - unit · minimum
//   Q6_K    104  scales of the near columns, 0 to 15 (4), of the far ones (4), quants (64), high bits (32); head: units
//                (8); value = unit · scale · (quant - 32)
//
// The others lie as rows, one after the other: floats and halves each filled up with zeros, to a multiple of 4 and of 8
// columns; blocks as in the file.
//
// The quants lie so that a multiplication of pairs of 16-bit numbers adds up four rows at once, row r in lane r, when a token's
// pair of numbers stands in all lanes; a processor loads it that way at no cost.
//
//   Q4, Q5, Q6  four vectors; vector v, 16-bit lane 2r + e, bits [4k, 4k + 4): the low nibble of row r in column
//               16(k & 1) + 4v + 2(k >> 1) + e. Lane r is four of the row's bytes in the file, in the order 0, 2, 1, 3
//   fifth bits  a vector; 16-bit lane 2r + e, bit 8(k >> 1) + 2v + (k & 1): of that column
//   high bits   two vectors, of v < 2 and of the others; 16-bit lane 2r + e, bits 8(k >> 1) + 4(v & 1) + 2(k & 1) and the
//               next: of that column
//   Q8_0        sixteen half vectors; half j, byte 2r + e: row r, column 2j + e

/** Rows of a group. */
export const GROUP: u32 = 4;
/** Bytes of four scales or minima. */
export const HALVES: u32 = 8;
/** Bytes of a block of nibbles. */
export const NIBBLES: u32 = 64;

/** Bytes of a group of rows of `columns` elements. */
export function groupBytes(format: u32, columns: u32): u32 {
  switch (format) {
    case F32:
      return GROUP * ((columns + 3) & ~3) * 4;
    case F16:
    case BF16:
      return GROUP * ((columns + 7) & ~7) * 2;
    case Q2_K:
      return GROUP * (columns >> 8) * 84;
    case Q3_K:
      return GROUP * (columns >> 8) * 110;
    case IQ4_NL:
      return GROUP * (columns >> 5) * 18;
    case IQ4_XS:
      return GROUP * (columns >> 8) * 136;
    case MXFP4:
      return GROUP * (columns >> 5) * 17;
    case Q4_0:
    case Q4_1:
    case Q5_0:
    case Q5_1:
    case Q8_0:
      return ((columns + 31) >> 5) * blockBytes(format);
    case Q4_K:
    case Q5_K:
    case Q6_K:
      return (columns >> 8) * (headBytes(format) + 8 * blockBytes(format));
    default:
      unreachable();
      return 0;
  }
}

/** Bytes of a block of one of the formats that lie in blocks of four rows. */
// @ts-ignore: decorator
@inline
export function blockBytes(format: u32): u32 {
  if (format == Q4_0 || format == Q4_K) return 72;
  if (format == Q4_1) return 80;
  if (format == Q5_0 || format == Q5_K) return 88;
  if (format == Q5_1) return 96;
  if (format == Q6_K) return 104;
  if (format == Q8_0) return 136;
  unreachable();
  return 0;
}

/** Bytes of the head of eight blocks: 0 for the formats without. */
// @ts-ignore: decorator
@inline
export function headBytes(format: u32): u32 {
  if (format == Q4_K || format == Q5_K) return 2 * HALVES;
  return format == Q6_K ? HALVES : 0;
}

/** Where in a block its quants begin. */
// @ts-ignore: decorator
@inline
export function quantsAt(format: u32): u32 {
  return format == Q4_1 || format == Q5_1 ? 2 * HALVES : HALVES;
}

/** Whether a block's quants have a fifth bit. */
// @ts-ignore: decorator
@inline
export function hasFifthBits(format: u32): bool {
  return format == Q5_0 || format == Q5_1 || format == Q5_K;
}

/** Whether a block's values have minima. */
// @ts-ignore: decorator
@inline
export function hasMinima(format: u32): bool {
  return format == Q4_1 || format == Q5_1 || format == Q4_K || format == Q5_K;
}
