import { blockBytes, GROUP, groupBytes, HALVES, headBytes, NIBBLES, quantsAt } from './formats';
import { BF16, F16, F32, IQ4_NL, IQ4_XS, MXFP4, Q2_K, Q3_K, Q4_0, Q4_1, Q4_K, Q5_0, Q5_1, Q5_K, Q6_K, Q8_0 } from './types';

// From the file's order into the one of formats.ts, which must be zeros before.

/** Whole rows of a file; `to` is where their first group begins. */
export function repack(format: u32, from: usize, to: usize, rows: u32, columns: u32): void {
  switch (format) {
    case F32:
      repackPlain(from, to, rows, columns * 4, groupBytes(F32, columns) / GROUP);
      break;
    case F16:
    case BF16:
      repackPlain(from, to, rows, columns * 2, groupBytes(F16, columns) / GROUP);
      break;
    case Q2_K:
    case Q3_K:
    case IQ4_NL:
    case IQ4_XS:
    case MXFP4:
      repackPlain(from, to, rows, groupBytes(format, columns) / GROUP, groupBytes(format, columns) / GROUP);
      break;
    case Q4_0:
    case Q4_1:
    case Q5_0:
    case Q5_1:
      repackBlocks(format, from, to, rows, columns >> 5);
      break;
    case Q8_0:
      repackQ8(from, to, rows, columns >> 5);
      break;
    case Q4_K:
    case Q5_K:
    case Q6_K:
      repackEights(format, from, to, rows, columns >> 8);
      break;
    default:
      unreachable();
  }
}

/** Rows of `bytes` each, which come to lie `stride` bytes apart. */
function repackPlain(from: usize, to: usize, rows: u32, bytes: usize, stride: usize): void {
  for (let row: u32 = 0; row < rows; row++) memory.copy(to + row * stride, from + row * bytes, bytes);
}

function repackBlocks(format: u32, from: usize, to: usize, rows: u32, blocks: u32): void {
  const bytes = blockBytes(format);
  const quants = quantsAt(format);
  const hasMinimum = quants > HALVES;
  const hasFifth = format == Q5_0 || format == Q5_1;
  for (let row: u32 = 0; row < rows; row++) {
    const lane: usize = row % GROUP;
    let block = to + <usize>(row / GROUP) * blocks * bytes;
    for (let index: u32 = 0; index < blocks; index++) {
      store<u16>(block + lane * 2, load<u16>(from));
      from += 2;
      if (hasMinimum) {
        store<u16>(block + HALVES + lane * 2, load<u16>(from));
        from += 2;
      }
      if (hasFifth) {
        putFifth(block + quants + NIBBLES, lane, load<u32>(from));
        from += 4;
      }
      putNibbles(block + quants, lane, v128.load(from));
      from += 16;
      block += bytes;
    }
  }
}

function repackQ8(from: usize, to: usize, rows: u32, blocks: u32): void {
  const bytes: usize = blockBytes(Q8_0);
  for (let row: u32 = 0; row < rows; row++) {
    const lane: usize = row % GROUP;
    let block = to + <usize>(row / GROUP) * blocks * bytes;
    for (let index: u32 = 0; index < blocks; index++) {
      store<u16>(block + lane * 2, load<u16>(from));
      for (let pair: usize = 0; pair < 16; pair++)
        store<u16>(block + HALVES + pair * 8 + lane * 2, load<u16>(from + pair * 2, 2));
      from += 34;
      block += bytes;
    }
  }
}

/** The k-quants: superblocks of the file, eight blocks with a head here. */
function repackEights(format: u32, from: usize, to: usize, rows: u32, eights: u32): void {
  const bytes = headBytes(format) + 8 * blockBytes(format);
  for (let row: u32 = 0; row < rows; row++) {
    const lane: usize = row % GROUP;
    let head = to + <usize>(row / GROUP) * eights * bytes;
    for (let index: u32 = 0; index < eights; index++) {
      if (format == Q6_K) {
        repackQ6_K(from, head, lane);
        from += 210;
      } else {
        repackK(format, from, head, lane);
        from += format == Q4_K ? 144 : 176;
      }
      head += bytes;
    }
  }
}

/** Q4_K: units of scales and minima, twelve bytes of both, nibbles. Q5_K: fifth bits before the nibbles. */
function repackK(format: u32, from: usize, head: usize, lane: usize): void {
  store<u16>(head + lane * 2, load<u16>(from));
  store<u16>(head + HALVES + lane * 2, load<u16>(from, 2));
  const quants: usize = from + (format == Q4_K ? 16 : 48);
  let block = head + headBytes(format);
  for (let index: i32 = 0; index < 8; index++) {
    store<u8>(block + lane, kScale(from + 4, index));
    store<u8>(block + 4 + lane, kMinimum(from + 4, index));
    const first = quants + 32 * (index >> 1);
    putNibbles(block + 8, lane, packed(first, 4 * (index & 1)));
    if (format == Q5_K) putFifth(block + 8 + NIBBLES, lane, bitsOf(from + 16, index));
    block += blockBytes(format);
  }
}

/** The high bits of the last four scales and minima sit in the first four. */
function kScale(at: usize, index: i32): u8 {
  if (index < 4) return load<u8>(at + index) & 63;
  return (load<u8>(at + index + 4) & 15) | ((load<u8>(at + index - 4) >> 6) << 4);
}

function kMinimum(at: usize, index: i32): u8 {
  if (index < 4) return load<u8>(at + index + 4) & 63;
  return (load<u8>(at + index + 4) >> 4) | ((load<u8>(at + index) >> 6) << 4);
}

/** Low nibbles, high bits, signed scales of 16 columns each, their unit. */
function repackQ6_K(from: usize, head: usize, lane: usize): void {
  store<u16>(head + lane * 2, load<u16>(from, 208));
  let block = head + headBytes(Q6_K);
  for (let index: i32 = 0; index < 8; index++) {
    store<u8>(block + lane, load<u8>(from + 192 + 2 * index));
    store<u8>(block + 4 + lane, load<u8>(from + 193 + 2 * index));
    const half = index >> 2;
    putNibbles(block + 8, lane, packed(from + 64 * half + 32 * (index & 1), 4 * ((index >> 1) & 1)));
    const high = from + 128 + 32 * half;
    const shift = 2 * (index & 3);
    putHigh(block + 8 + NIBBLES, lane, bitsOf(high, shift), bitsOf(high, shift + 1));
    block += blockBytes(Q6_K);
  }
}

/** 32 nibbles, one a byte at bit `shift`, in 16 bytes: column i low, column 16 + i high. */
function packed(from: usize, shift: i32): v128 {
  const mask = i8x16.splat(15);
  const near = v128.and(i8x16.shr_u(v128.load(from), shift), mask);
  const far = v128.and(i8x16.shr_u(v128.load(from, 16), shift), mask);
  return v128.or(near, i8x16.shl(far, 4));
}

/** Bit `bit` of each of 32 bytes. */
function bitsOf(from: usize, bit: i32): u32 {
  const near = i8x16.bitmask(i8x16.shl(v128.load(from), 7 - bit));
  const far = i8x16.bitmask(i8x16.shl(v128.load(from, 16), 7 - bit));
  return near | (far << 16);
}

/** A row's nibbles: a byte has column i in its low and column 16 + i in its high nibble. */
function putNibbles(to: usize, lane: usize, nibbles: v128): void {
  const swapped = v128.shuffle<i8>(nibbles, nibbles, 0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
  const quants = to + lane * 4;
  v128.store_lane<u32>(quants, swapped, 0);
  v128.store_lane<u32>(quants, swapped, 1, 16);
  v128.store_lane<u32>(quants, swapped, 2, 32);
  v128.store_lane<u32>(quants, swapped, 3, 48);
}

/** The column of nibble `n` of byte `b` of a row's four in vector `v`. @see formats.ts */
function columnOf(v: u32, b: u32, n: u32): u32 {
  return 16 * n + 4 * v + 2 * (b & 1) + (b >> 1);
}

/** A row's fifth bits. @param bits - of column i bit i */
function putFifth(to: usize, lane: usize, bits: u32): void {
  for (let b: u32 = 0; b < 4; b++) {
    let byte: u32 = 0;
    for (let at: u32 = 0; at < 8; at++) byte |= ((bits >> columnOf(at >> 1, b, at & 1)) & 1) << at;
    store<u8>(to + lane * 4 + b, <u8>byte);
  }
}

/** A row's two high bits. @param low - of column i bit i, as `high` */
function putHigh(to: usize, lane: usize, low: u32, high: u32): void {
  for (let half: u32 = 0; half < 2; half++) {
    for (let b: u32 = 0; b < 4; b++) {
      let byte: u32 = 0;
      for (let at: u32 = 0; at < 4; at++) {
        const column = columnOf(2 * half + (at >> 1), b, at & 1);
        byte |= (((low >> column) & 1) | (((high >> column) & 1) << 1)) << (2 * at);
      }
      store<u8>(to + 16 * half + lane * 4 + b, <u8>byte);
    }
  }
}
