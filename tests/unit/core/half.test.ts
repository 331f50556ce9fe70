import { describe, expect, it } from 'vitest';
import { bfloatToFloat, floatToBfloat, floatToHalf, halfToFloat } from '../../../src/core/half.ts';

describe('half', () => {
  it('round-trips every binary16', () => {
    for (let half = 0; half < 0x10000; half++) {
      const value = halfToFloat(half);
      if (Number.isNaN(value)) expect(Number.isNaN(halfToFloat(floatToHalf(value)))).toBe(true);
      else expect(floatToHalf(value)).toBe(half);
    }
  });

  it('rounds between neighbours to the nearest, ties to even', () => {
    for (let half = 0; half < 0x7bff; half++) {
      const low = halfToFloat(half);
      const high = halfToFloat(half + 1);
      const middle = (low + high) / 2;
      expect(floatToHalf(middle)).toBe(half % 2 === 0 ? half : half + 1);
      expect(floatToHalf(middle + (high - low) / 8)).toBe(half + 1);
      expect(floatToHalf(-middle + (high - low) / 8)).toBe(0x8000 | half);
    }
  });

  it.each([
    [65504, 0x7bff],
    [65519.99, 0x7bff],
    [65520, 0x7c00],
    [1e9, 0x7c00],
    [-65520, 0xfc00],
    [2 ** -25, 0],
    [2 ** -24, 1],
  ])('converts %d to 0x%s', (value, half) => {
    expect(floatToHalf(value)).toBe(half);
  });

  it('round-trips every finite bfloat16', () => {
    for (let half = 0; half < 0x10000; half++) {
      const value = bfloatToFloat(half);
      if (!Number.isNaN(value)) expect(floatToBfloat(value)).toBe(half);
    }
  });
});
