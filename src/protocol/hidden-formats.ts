import { floatToHalf, halfToFloat } from '../core/half.ts';

/*
 * Hidden states `[T, C]` as they travel, `N = T · C` values, little-endian.
 *
 * format  bytes                 layout
 * f32     4 N                   f32[N]
 * f16     2 N                   binary16[N]
 * q8      8 ⌈N / 64⌉ + N        f32[⌈N / 64⌉] scales · f32[⌈N / 64⌉] largest values · i8[N] steps, in blocks of 64:
 *                               a value is its block's scale times its step, and where the step is -128 its largest
 *
 * A trained model's hidden states have a few channels that are a thousand times the rest. Kept apart, such a value costs
 * the others of its block nothing: with SmolLM2 the logits' error is a fifth of that of plain blocks of 32.
 */

/** How hidden states may travel, exact first, coarsest last. */
export const HIDDEN_FORMATS = ['f32', 'f16', 'q8'] as const;
export type HiddenFormat = (typeof HIDDEN_FORMATS)[number];

const BLOCK = 64;
const MAX_STEP = 127;
/** The step that stands for the block's largest value. */
const LARGEST = -128;
/** What rounds to a finite half. */
const HALF_LIMIT = 65_520;

/** Bytes that `count` values take. */
export function hiddenBytes(format: HiddenFormat, count: number): number {
  if (format === 'q8') return 8 * Math.ceil(count / BLOCK) + count;
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
  else packBlocks(hidden, blocksOf(bytes, hidden.length));
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
    const { scales, largest, steps } = blocksOf(bytes, count);
    for (let index = 0; index < count; index++) {
      const block = Math.floor(index / BLOCK);
      const step = steps[index]!;
      hidden[index] = step === LARGEST ? largest[block]! : scales[block]! * step;
    }
  }
  return hidden;
}

function packHalves(hidden: Float32Array, halves: Uint16Array): void {
  for (let index = 0; index < hidden.length; index++) halves[index] = floatToHalf(hidden[index]!);
}

interface Blocks {
  readonly scales: Float32Array;
  readonly largest: Float32Array;
  readonly steps: Int8Array;
}

function packBlocks(hidden: Float32Array, { scales, largest, steps }: Blocks): void {
  for (let block = 0; block < scales.length; block++) {
    const start = block * BLOCK;
    const end = Math.min(start + BLOCK, hidden.length);
    let first = 0;
    let second = 0;
    let place = start;
    for (let index = start; index < end; index++) {
      const magnitude = Math.abs(hidden[index]!);
      if (magnitude > first) {
        second = first;
        first = magnitude;
        place = index;
      } else if (magnitude > second) second = magnitude;
    }
    scales[block] = second / MAX_STEP;
    largest[block] = hidden[place]!;
    const inverse = second > 0 ? MAX_STEP / second : 0;
    for (let index = start; index < end; index++)
      steps[index] = index === place ? LARGEST : Math.round(hidden[index]! * inverse);
  }
}

/** The parts of `count` values in q8. */
function blocksOf({ buffer, byteOffset }: Uint8Array, count: number): Blocks {
  const blocks = Math.ceil(count / BLOCK);
  return {
    scales: new Float32Array(buffer, byteOffset, blocks),
    largest: new Float32Array(buffer, byteOffset + 4 * blocks, blocks),
    steps: new Int8Array(buffer, byteOffset + 8 * blocks, count),
  };
}
