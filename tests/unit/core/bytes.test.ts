import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter } from '../../../src/core/bytes.ts';
import { ShoalError } from '../../../src/core/errors.ts';

const overrun = (offset: number, needed: number, available: number) =>
  new ShoalError('bad-frame', `at ${offset}: needed ${needed}, found ${available}`);

describe('bytes', () => {
  it('reads back what it writes', () => {
    const bytes = new ByteWriter(1)
      .u8(200)
      .i8(-2)
      .u16(60_000)
      .i16(-3)
      .u32(4e9)
      .i32(-4)
      .u64(2n ** 63n)
      .i64(-5)
      .f32(1.5)
      .f64(Math.PI)
      .bytes(Uint8Array.of(1, 2, 3))
      .pad(16)
      .finish();
    expect(bytes.length % 16).toBe(0);
    const reader = new ByteReader(bytes, overrun);
    expect([reader.u8(), reader.i8(), reader.u16(), reader.i16(), reader.u32(), reader.i32()]).toEqual([
      200, -2, 60_000, -3, 4e9, -4,
    ]);
    expect([reader.u64(), reader.i64(), reader.f32(), reader.f64()]).toEqual([2n ** 63n, -5, 1.5, Math.PI]);
    expect([...reader.bytes(3)]).toEqual([1, 2, 3]);
    expect(reader.bytes(reader.remaining).every((byte) => byte === 0)).toBe(true);
  });

  it('throws the caller’s error at the end, and stays where it was', () => {
    const reader = new ByteReader(Uint8Array.of(1, 2, 3, 4, 5), overrun);
    reader.u32();
    expect(() => reader.u16()).toThrow('at 4: needed 2, found 1');
    expect(reader.u8()).toBe(5);
  });

  it('reads a view that does not begin at its buffer', () => {
    const reader = new ByteReader(Uint8Array.of(9, 9, 1, 2, 9).subarray(2, 4), overrun);
    expect(reader.u16()).toBe(0x0201);
    expect(() => reader.u8()).toThrow(ShoalError);
  });
});
