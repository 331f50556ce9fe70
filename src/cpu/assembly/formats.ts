// How weight matrices lie in memory: groups of four rows (the last filled up with zeros), one after the other.
//
//   Q4   for each block of 32 columns, 96 bytes: scales f32 × 4 rows, minima f32 × 4 rows, then 16 bytes of nibbles a row
//        value = scale · nibble + minimum; lane i of a row's eight 16-bit lanes holds elements i, 8 + i, 16 + i, 24 + i
//   Q8   for each block of 32 columns, 144 bytes: scales f32 × 4 rows, then 32 bytes a row; value = scale · byte
//   F16  rows of halves, each filled up with zeros to a multiple of 8 columns
//   F32  rows of floats, each filled up with zeros to a multiple of 4 columns

export const F32: u32 = 0;
export const F16: u32 = 1;
export const Q4: u32 = 2;
// Q8 is 3, whatever is none of these.

/** Rows of a group. */
export const GROUP: u32 = 4;
export const Q4_BYTES: u32 = 96;
export const Q4_NIBBLES: u32 = 32;
export const Q8_BYTES: u32 = 144;
export const Q8_QUANTS: u32 = 16;

/** Bytes of a group of rows of `columns` elements. */
export function groupBytes(format: u32, columns: u32): u32 {
  if (format == F32) return GROUP * ((columns + 3) & ~3) * 4;
  if (format == F16) return GROUP * ((columns + 7) & ~7) * 2;
  return ((columns + 31) >> 5) * (format == Q4 ? Q4_BYTES : Q8_BYTES);
}
