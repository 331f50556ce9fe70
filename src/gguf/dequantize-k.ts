import { halfToFloat } from '../core/half.ts';

/** The k-quants: superblocks of 256 elements whose groups' scales are quantised too. @see ggml's `dequantize_row_*_K` */

/**
 * | offset | size | meaning |
 * | 0 | 16 | scale (low nibble) and minimum (high) of 16 elements each |
 * | 16 | 64 | 2-bit values |
 * | 80 | 2 + 2 | f16 scale of scales, of minima |
 */
export function dequantizeQ2K(block: Uint8Array, out: Float32Array, to: number): void {
  const scale = half(block, 80);
  const minimum = half(block, 82);
  for (let index = 0; index < 256; index++) {
    const group = block[index >> 4]!;
    const step = Math.fround(scale * (group & 15));
    out[to + index] = Math.fround(step * crumb(block, 16, index)) - Math.fround(minimum * (group >> 4));
  }
}

/**
 * | offset | size | meaning |
 * | 0 | 32 | third bits: bit `index >> 5` of byte `index & 31`; clear means 4 less |
 * | 32 | 64 | low two bits |
 * | 96 | 12 | 16 scales of 6 bits, offset by 32: low nibbles in 8 bytes, high two bits in 4 |
 * | 108 | 2 | f16 scale of scales |
 */
export function dequantizeQ3K(block: Uint8Array, out: Float32Array, to: number): void {
  const scale = half(block, 108);
  for (let index = 0; index < 256; index++) {
    const group = index >> 4;
    const low = (block[96 + (group & 7)]! >> (4 * (group >> 3))) & 15;
    const high = (block[104 + (group & 3)]! >> (2 * (group >> 2))) & 3;
    const third = (block[index & 31]! >> (index >> 5)) & 1;
    out[to + index] = Math.fround(scale * ((low | (high << 4)) - 32)) * (crumb(block, 32, index) - 4 * (1 - third));
  }
}

/**
 * | offset | size | meaning |
 * | 0 | 2 + 2 | f16 scale of scales, of minima |
 * | 4 | 12 | 8 scales and 8 minima of 6 bits |
 * | 16 | 128 | 4-bit values: 32 bytes for 64 elements, low nibbles first |
 */
export function dequantizeQ4K(block: Uint8Array, out: Float32Array, to: number): void {
  for (let group = 0; group < 8; group++) {
    const { step, minimum } = groupScale(block, group);
    for (let index = 0; index < 32; index++) {
      out[to + 32 * group + index] = Math.fround(step * groupNibble(block, 16, group, index)) - minimum;
    }
  }
}

/** As Q4_K with the fifth bits between: 32 bytes at offset 16, bit `group` of byte `index`; values at 48. */
export function dequantizeQ5K(block: Uint8Array, out: Float32Array, to: number): void {
  for (let group = 0; group < 8; group++) {
    const { step, minimum } = groupScale(block, group);
    for (let index = 0; index < 32; index++) {
      const fifth = (block[16 + index]! >> group) & 1;
      const value = groupNibble(block, 48, group, index) | (fifth << 4);
      out[to + 32 * group + index] = Math.fround(step * value) - minimum;
    }
  }
}

/**
 * | offset | size | meaning |
 * | 0 | 128 | low nibbles: 64 bytes for 128 elements |
 * | 128 | 64 | high two bits: 32 bytes for 128 elements |
 * | 192 | 16 | i8 scales of 16 elements each |
 * | 208 | 2 | f16 scale of scales |
 */
export function dequantizeQ6K(block: Uint8Array, out: Float32Array, to: number): void {
  const scale = half(block, 208);
  for (let index = 0; index < 256; index++) {
    const within = index & 127;
    const low = (block[64 * (index >> 7) + (within & 63)]! >> (4 * (within >> 6))) & 15;
    const groupStep = Math.fround(scale * ((block[192 + (index >> 4)]! << 24) >> 24));
    out[to + index] = groupStep * ((low | (crumb(block, 128, index) << 4)) - 32);
  }
}

/** The 6-bit scale and minimum of 32 elements. The first four are plain; the high bits of the last four sit in them. */
function groupScale(block: Uint8Array, group: number): { step: number; minimum: number } {
  const at = 4 + group;
  let scale: number;
  let minimum: number;
  if (group < 4) {
    scale = block[at]! & 63;
    minimum = block[at + 4]! & 63;
  } else {
    scale = (block[at + 4]! & 15) | ((block[at - 4]! >> 6) << 4);
    minimum = (block[at + 4]! >> 4) | ((block[at]! >> 6) << 4);
  }
  return { step: Math.fround(half(block, 0) * scale), minimum: Math.fround(half(block, 2) * minimum) };
}

/** Value `index` of group `group`: two groups share 32 bytes, the even one in the low nibbles. */
function groupNibble(block: Uint8Array, at: number, group: number, index: number): number {
  return (block[at + 32 * (group >> 1) + index]! >> (4 * (group & 1))) & 15;
}

/** The two bits of element `index`: 32 bytes hold 128 elements, 32 a bit pair. */
function crumb(block: Uint8Array, at: number, index: number): number {
  const within = index & 127;
  return (block[at + 32 * (index >> 7) + (within & 31)]! >> (2 * (within >> 5))) & 3;
}

function half(block: Uint8Array, at: number): number {
  return halfToFloat(block[at]! | (block[at + 1]! << 8));
}
