import { blockBytes, GROUP, groupBytes, HALVES, hasMinima, headBytes, quantsAt } from './formats';
import { HALF_BITS, HALF_FACTOR, halvesToFloats } from './lanes';
import { SIGNS, widened } from './products';
import { hasHead, minimaOf, scalesOf, signedBytesToFloats } from './scales';
import { unpackIQ4_NL, unpackIQ4_XS, unpackMXFP4, unpackQ2_K, unpackQ3_K } from './unpack-rows';
import { BF16, F16, F32, IQ4_NL, IQ4_XS, MXFP4, Q2_K, Q3_K, Q4_0, Q4_1, Q4_K, Q5_0, Q5_1, Q5_K, Q6_K, Q8_0 } from './types';

/** A group's four rows as floats, `stride` bytes apart; each has room for whole blocks of 32. */
export function unpackGroup(format: u32, group: usize, columns: u32, to: usize, stride: usize): void {
  const rowBytes: usize = groupBytes(format, columns) / GROUP;
  const blocks = (columns + 31) >> 5;
  switch (format) {
    case F32:
      for (let row: usize = 0; row < GROUP; row++) memory.copy(to + row * stride, group + row * rowBytes, rowBytes);
      break;
    case F16:
      for (let row: usize = 0; row < GROUP; row++)
        unpackHalves(group + row * rowBytes, (columns + 7) >> 3, to + row * stride);
      break;
    case BF16:
      for (let row: usize = 0; row < GROUP; row++)
        unpackUppers(group + row * rowBytes, (columns + 7) >> 3, to + row * stride);
      break;
    case Q2_K:
      for (let row: usize = 0; row < GROUP; row++) unpackQ2_K(group + row * rowBytes, columns >> 8, to + row * stride);
      break;
    case Q3_K:
      for (let row: usize = 0; row < GROUP; row++) unpackQ3_K(group + row * rowBytes, columns >> 8, to + row * stride);
      break;
    case IQ4_NL:
      for (let row: usize = 0; row < GROUP; row++) unpackIQ4_NL(group + row * rowBytes, blocks, to + row * stride);
      break;
    case IQ4_XS:
      for (let row: usize = 0; row < GROUP; row++)
        unpackIQ4_XS(group + row * rowBytes, columns >> 8, to + row * stride);
      break;
    case MXFP4:
      for (let row: usize = 0; row < GROUP; row++) unpackMXFP4(group + row * rowBytes, blocks, to + row * stride);
      break;
    case Q4_0:
      unpackBlocks(Q4_0, group, blocks, to, stride);
      break;
    case Q4_1:
      unpackBlocks(Q4_1, group, blocks, to, stride);
      break;
    case Q5_0:
      unpackBlocks(Q5_0, group, blocks, to, stride);
      break;
    case Q5_1:
      unpackBlocks(Q5_1, group, blocks, to, stride);
      break;
    case Q4_K:
      unpackBlocks(Q4_K, group, blocks, to, stride);
      break;
    case Q5_K:
      unpackBlocks(Q5_K, group, blocks, to, stride);
      break;
    case Q6_K:
      unpackBlocks(Q6_K, group, blocks, to, stride);
      break;
    case Q8_0:
      unpackQ8(group, blocks, to, stride);
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

/** BF16: the upper halves of floats. */
function unpackUppers(from: usize, eights: u32, to: usize): void {
  for (let index: u32 = 0; index < eights; index++) {
    v128.store(to, i32x4.shl(v128.load_ext<u16>(from), 16));
    v128.store(to, i32x4.shl(v128.load_ext<u16>(from, 8), 16), 16);
    from += 16;
    to += 32;
  }
}

/** The formats of nibbles, with more bits or without: a vector of quants after the other. */
// @ts-ignore: decorator
@inline
function unpackBlocks(format: u32, weights: usize, blocks: u32, to: usize, stride: usize): void {
  const bits = i32x4.splat(HALF_BITS);
  const factor = i32x4.splat(HALF_FACTOR);
  let unit = f32x4.splat(0);
  let minimumUnit = unit;
  for (let index: u32 = 0; index < blocks; index++) {
    if (hasHead(format) && (index & 7) == 0) {
      unit = halvesToFloats(weights);
      minimumUnit = halvesToFloats(weights + HALVES);
      weights += headBytes(format);
    }
    const quants = weights + quantsAt(format);
    let near: v128;
    let far: v128;
    if (format == Q6_K) {
      near = f32x4.mul(unit, signedBytesToFloats(weights));
      far = f32x4.mul(unit, signedBytesToFloats(weights + 4));
    } else {
      near = scalesOf(format, weights, unit, bits, factor);
      far = near;
    }
    const minima = hasMinima(format) ? minimaOf(format, weights, minimumUnit, bits, factor) : near;
    unpackHalf(format, quants, 0, near, far, minima, to, stride);
    unpackHalf(format, quants, 1, near, far, minima, to, stride);
    weights += blockBytes(format);
    to += 128;
  }
}

// @ts-ignore: decorator
@inline
function unpackHalf(
  format: u32,
  quants: usize,
  half: i32,
  near: v128,
  far: v128,
  minima: v128,
  to: usize,
  stride: usize,
): void {
  unpackPairs(format, quants, half, 0, near, minima, to, stride);
  unpackPairs(format, quants, half, 1, far, minima, to, stride);
  unpackPairs(format, quants, half, 2, near, minima, to, stride);
  unpackPairs(format, quants, half, 3, far, minima, to, stride);
  unpackPairs(format, quants, half, 4, near, minima, to, stride);
  unpackPairs(format, quants, half, 5, far, minima, to, stride);
  unpackPairs(format, quants, half, 6, near, minima, to, stride);
  unpackPairs(format, quants, half, 7, far, minima, to, stride);
}

/** Two columns of the four rows: vector `index` of half a block. @see formats.ts */
// @ts-ignore: decorator
@inline
function unpackPairs(
  format: u32,
  quants: usize,
  half: i32,
  index: i32,
  scales: v128,
  minima: v128,
  to: usize,
  stride: usize,
): void {
  const v = 2 * half + (index >> 2);
  const k = index & 3;
  const pairs = widened(format, quants, half, index, i16x8.splat(15), i16x8.splat(<i16>SIGNS));
  const rows01 = v128.shuffle<i32>(scales, scales, 0, 0, 1, 1);
  const rows23 = v128.shuffle<i32>(scales, scales, 2, 2, 3, 3);
  let low = f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(pairs)), rows01);
  let high = f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(pairs)), rows23);
  if (hasMinima(format)) {
    low = f32x4.add(low, v128.shuffle<i32>(minima, minima, 0, 0, 1, 1));
    high = f32x4.add(high, v128.shuffle<i32>(minima, minima, 2, 2, 3, 3));
  }
  const at = to + 4 * (16 * (k & 1) + 4 * v + 2 * (k >> 1));
  v128.store_lane<u64>(at, low, 0);
  v128.store_lane<u64>(at + stride, low, 1);
  v128.store_lane<u64>(at + 2 * stride, high, 0);
  v128.store_lane<u64>(at + 3 * stride, high, 1);
}

function unpackQ8(block: usize, blocks: u32, to: usize, stride: usize): void {
  for (let index: u32 = 0; index < blocks; index++) {
    const scales = halvesToFloats(block);
    const scale0 = v128.shuffle<i32>(scales, scales, 0, 0, 0, 0);
    const scale1 = v128.shuffle<i32>(scales, scales, 1, 1, 1, 1);
    const scale2 = v128.shuffle<i32>(scales, scales, 2, 2, 2, 2);
    const scale3 = v128.shuffle<i32>(scales, scales, 3, 3, 3, 3);
    for (let eight: usize = 0; eight < 4; eight++) {
      // From pairs of the four rows to four of two rows, and to a row's eight columns.
      const pairs01 = v128.load(block + HALVES + eight * 32);
      const pairs23 = v128.load(block + HALVES + eight * 32, 16);
      const turned01 = v128.shuffle<i16>(pairs01, pairs01, 0, 4, 1, 5, 2, 6, 3, 7);
      const turned23 = v128.shuffle<i16>(pairs23, pairs23, 0, 4, 1, 5, 2, 6, 3, 7);
      const rows01 = v128.shuffle<i32>(turned01, turned23, 0, 4, 1, 5);
      const rows23 = v128.shuffle<i32>(turned01, turned23, 2, 6, 3, 7);
      const at = to + eight * 32;
      storeEight(at, i16x8.extend_low_i8x16_s(rows01), scale0);
      storeEight(at + stride, i16x8.extend_high_i8x16_s(rows01), scale1);
      storeEight(at + 2 * stride, i16x8.extend_low_i8x16_s(rows23), scale2);
      storeEight(at + 3 * stride, i16x8.extend_high_i8x16_s(rows23), scale3);
    }
    block += blockBytes(Q8_0);
    to += 128;
  }
}

/** Eight 16-bit quants as floats. */
// @ts-ignore: decorator
@inline
function storeEight(to: usize, quants: v128, scale: v128): void {
  v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(quants)), scale));
  v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(quants)), scale), 16);
}
