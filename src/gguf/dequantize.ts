import { bfloatToFloat, halfToFloat } from '../core/half.ts';
import { dequantizeQ2K, dequantizeQ3K, dequantizeQ4K, dequantizeQ5K, dequantizeQ6K } from './dequantize-k.ts';
import { TENSOR_TYPES, type TensorTypeName } from './tensor-types.ts';

/**
 * Writes one block's elements to `out` from `to`. Every product and sum is rounded to f32, as ggml's reference does;
 * `Float32Array` rounds what is stored.
 */
export type DequantizeBlock = (block: Uint8Array, out: Float32Array, to: number) => void;

/** The CPU reference of the quantised formats. @see ggml's `dequantize_row_*` */
const blocks: Readonly<Record<TensorTypeName, DequantizeBlock>> = {
  F32: (block, out, to) => {
    out[to] = new DataView(block.buffer, block.byteOffset).getFloat32(0, true);
  },
  F16: (block, out, to) => {
    out[to] = half(block, 0);
  },
  BF16: (block, out, to) => {
    out[to] = bfloatToFloat(u16(block, 0));
  },
  Q4_0: (block, out, to) => {
    const scale = half(block, 0);
    nibbles(block, 2, (index, q) => {
      out[to + index] = scale * (q - 8);
    });
  },
  Q4_1: (block, out, to) => {
    const scale = half(block, 0);
    const minimum = half(block, 2);
    nibbles(block, 4, (index, q) => {
      out[to + index] = Math.fround(scale * q) + minimum;
    });
  },
  Q5_0: (block, out, to) => {
    const scale = half(block, 0);
    nibbles(block, 6, (index, q) => {
      out[to + index] = scale * ((q | (bit(block, 2, index) << 4)) - 16);
    });
  },
  Q5_1: (block, out, to) => {
    const scale = half(block, 0);
    const minimum = half(block, 2);
    nibbles(block, 8, (index, q) => {
      out[to + index] = Math.fround(scale * (q | (bit(block, 4, index) << 4))) + minimum;
    });
  },
  Q8_0: (block, out, to) => {
    const scale = half(block, 0);
    for (let index = 0; index < 32; index++) out[to + index] = scale * signed(block[2 + index]!);
  },
  Q2_K: dequantizeQ2K,
  Q3_K: dequantizeQ3K,
  Q4_K: dequantizeQ4K,
  Q5_K: dequantizeQ5K,
  Q6_K: dequantizeQ6K,
  IQ4_NL: (block, out, to) => {
    const scale = half(block, 0);
    nibbles(block, 2, (index, q) => {
      out[to + index] = scale * IQ4_VALUES[q]!;
    });
  },
  IQ4_XS: (block, out, to) => {
    const scale = half(block, 0);
    const high = u16(block, 2);
    for (let group = 0; group < 8; group++) {
      const low = (block[4 + (group >> 1)]! >> (4 * (group & 1))) & 15;
      const groupScale = Math.fround(scale * ((low | (((high >> (2 * group)) & 3) << 4)) - 32));
      nibbles(block, 8 + 16 * group, (index, q) => {
        out[to + 32 * group + index] = groupScale * IQ4_VALUES[q]!;
      });
    }
  },
  MXFP4: (block, out, to) => {
    // E8M0 exponent; the values are doubled to be whole, so the scale is halved.
    const scale = 2 ** (block[0]! - 128);
    nibbles(block, 1, (index, q) => {
      out[to + index] = scale * MXFP4_VALUES[q]!;
    });
  },
};

/** The non-linear 4-bit steps of IQ4_NL and IQ4_XS. Source: ggml's `kvalues_iq4nl`. */
const IQ4_VALUES = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
/** FP4 E2M1, doubled. Source: ggml's `kvalues_mxfp4`. */
const MXFP4_VALUES = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

/** `bytes`, whole blocks of `type`, as f32. */
export function dequantize(type: TensorTypeName, bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const { blockSize, blockBytes } = TENSOR_TYPES[type];
  const count = bytes.length / blockBytes;
  const out = new Float32Array(count * blockSize);
  const block = blocks[type];
  for (let index = 0; index < count; index++) {
    block(bytes.subarray(index * blockBytes, (index + 1) * blockBytes), out, index * blockSize);
  }
  return out;
}

/** The 32 nibbles of the 16 bytes at `at`: low halves are elements 0-15, high halves 16-31. */
function nibbles(block: Uint8Array, at: number, visit: (index: number, value: number) => void): void {
  for (let index = 0; index < 16; index++) {
    const byte = block[at + index]!;
    visit(index, byte & 15);
    visit(index + 16, byte >> 4);
  }
}

function bit(block: Uint8Array, at: number, index: number): number {
  return (block[at + (index >> 3)]! >> (index & 7)) & 1;
}

function u16(block: Uint8Array, at: number): number {
  return block[at]! | (block[at + 1]! << 8);
}

function half(block: Uint8Array, at: number): number {
  return halfToFloat(u16(block, at));
}

function signed(byte: number): number {
  return (byte << 24) >> 24;
}
