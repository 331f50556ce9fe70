import { floatToHalf, halfToFloat } from '../core/half.ts';

/*
 * Hidden states `[T, C]` as they travel, `N = T · C` values, little-endian.
 *
 * format  bytes                 layout
 * f32     4 N                   f32[N]
 * f16     2 N                   binary16[N]
 * q8      4 ⌈N / 32⌉ + N        f32[⌈N / 32⌉] scales · i8[N] steps; a value is its block's scale times its step
 *
 * A trained model's hidden states have a few channels that are a thousand times the rest. A scale for every 32 values
 * keeps what such a channel spoils to its own block.
 */

/** How hidden states may travel, exact first, coarsest last. */
export const HIDDEN_FORMATS = ['f32', 'f16', 'q8'] as const;
export type HiddenFormat = (typeof HIDDEN_FORMATS)[number];

const BLOCK = 32;
const MAX_STEP = 127;
/** What rounds to a finite half. */
const HALF_LIMIT = 65_520;

/** Bytes that `count` values take. */
export function hiddenBytes(format: HiddenFormat, count: number): number {
  if (format === 'q8') return 4 * Math.ceil(count / BLOCK) + count;
  return count * (format === 'f16' ? 2 : 4);
}

/** The format itself, or f32 where it cannot hold every value: nothing turns infinite on its way. */
export function holdingFormat(format: HiddenFormat, hidden: Float32Array): HiddenFormat {
  if (format === 'f32') return format;
  const limit = format === 'f16' ? HALF_LIMIT : Number.POSITIVE_INFINITY;
  return hidden.every((value) => Math.abs(value) < limit) ? format : 'f32';
}

/** `hidden` as it travels, in a format that holds it. f32 is a view, the others are copies. */
export function packHidden(format: HiddenFormat, hidden: Float32Array): Uint8Array {
  if (format === 'f32') return new Uint8Array(hidden.buffer, hidden.byteOffset, hidden.byteLength);
  const bytes = new Uint8Array(hiddenBytes(format, hidden.length));
  if (format === 'f16') packHalves(hidden, new Uint16Array(bytes.buffer));
  else packBlocks(hidden, ...blocksOf(bytes, hidden.length));
  return bytes;
}

/**
 * `count` values from their `hiddenBytes(format, count)` bytes, which begin at a multiple of 4. f32 is a view, the
 * others are copies.
 */
export function unpackHidden(format: HiddenFormat, bytes: Uint8Array, count: number): Float32Array {
  if (format === 'f32') return new Float32Array(bytes.buffer, bytes.byteOffset, count);
  const hidden = new Float32Array(count);
  if (format === 'f16') {
    const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, count);
    for (let index = 0; index < count; index++) hidden[index] = halfToFloat(halves[index]!);
  } else {
    const [scales, steps] = blocksOf(bytes, count);
    for (let index = 0; index < count; index++) hidden[index] = scales[Math.floor(index / BLOCK)]! * steps[index]!;
  }
  return hidden;
}

function packHalves(hidden: Float32Array, halves: Uint16Array): void {
  for (let index = 0; index < hidden.length; index++) halves[index] = floatToHalf(hidden[index]!);
}

function packBlocks(hidden: Float32Array, scales: Float32Array, steps: Int8Array): void {
  for (let block = 0; block < scales.length; block++) {
    const start = block * BLOCK;
    const end = Math.min(start + BLOCK, hidden.length);
    let largest = 0;
    for (let index = start; index < end; index++) largest = Math.max(largest, Math.abs(hidden[index]!));
    scales[block] = largest / MAX_STEP;
    const inverse = largest > 0 ? MAX_STEP / largest : 0;
    for (let index = start; index < end; index++) steps[index] = Math.round(hidden[index]! * inverse);
  }
}

/** The scales and the steps of `count` values in q8. */
function blocksOf(bytes: Uint8Array, count: number): [scales: Float32Array, steps: Int8Array] {
  const scales = new Float32Array(bytes.buffer, bytes.byteOffset, Math.ceil(count / BLOCK));
  return [scales, new Int8Array(bytes.buffer, bytes.byteOffset + scales.byteLength, count)];
}
