import { describe, expect, it } from 'vitest';
import { dequantize } from '../../../src/gguf/dequantize.ts';
import { TENSOR_TYPES, type TensorTypeName, tensorTypeById } from '../../../src/gguf/tensor-types.ts';
import blocks from '../../reference/blocks.json' with { type: 'json' };

describe('dequantize', () => {
  it('covers every readable type', () => {
    expect(Object.keys(blocks).sort()).toEqual(Object.keys(TENSOR_TYPES).sort());
  });

  it.each(Object.entries(blocks))('gives the reference values of %s, bit for bit', (name, block) => {
    const type = name as TensorTypeName;
    expect(tensorTypeById(block.typeId)).toBe(type);
    expect(TENSOR_TYPES[type]).toMatchObject({ blockSize: block.blockSize, blockBytes: block.blockBytes });
    // Nine significant digits name one f32.
    expect(dequantize(type, Buffer.from(block.hex, 'hex'))).toEqual(new Float32Array(block.values));
  });
});
