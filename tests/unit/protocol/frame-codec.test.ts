import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShoalError } from '../../../src/core/errors.ts';
import { decodeFrame, encodeFrame } from '../../../src/protocol/frame-codec.ts';
import type { Frame } from '../../../src/protocol/frames.ts';
import { HIDDEN_FORMATS, type HiddenFormat, hiddenBytes } from '../../../src/protocol/hidden-formats.ts';

const session = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 32, maxLength: 32 });
const peerId = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const ids = (maxLength: number) => fc.array(u32, { maxLength }).map((values) => Uint32Array.from(values));
const floats = (maxLength: number) => fc.array(fc.float(), { maxLength }).map((values) => Float32Array.from(values));
const f32 = fc.float({ min: 0, max: 1e6, noNaN: true, noDefaultInfinity: true });
const layers = fc
  .tuple(fc.nat(1000), fc.integer({ min: 1, max: 100 }))
  .map(([start, count]) => ({ start, end: start + count }));
const timing = fc.record({ peerId, layers, waitMs: f32, computeMs: f32, roundTripMs: f32 });
const timings = fc.array(timing, { maxLength: 4 });

const task: fc.Arbitrary<Frame> = fc.record({
  kind: fc.constant('task' as const),
  session,
  task: u32,
  coordinator: peerId,
  route: fc.array(fc.record({ peerId, layers }), { minLength: 1, maxLength: 5 }),
  position: u32,
  input: fc.oneof(
    ids(20).map((values) => ({ dtype: 'u32' as const, ids: values })),
    floats(50).map((hidden) => ({ dtype: 'f32' as const, hidden })),
  ),
  candidates: fc.record(
    {
      rows: fc.constantFrom('none' as const, 'last' as const, 'all' as const),
      count: fc.integer({ min: 1, max: 128 }),
      wantedIds: ids(10),
      mask: ids(10),
    },
    { requiredKeys: ['rows', 'count', 'wantedIds'] },
  ),
  wire: fc.constantFrom(...HIDDEN_FORMATS),
  timings,
});
const candidates = fc.nat(10).chain((length) =>
  fc.record({
    ids: fc.array(u32, { minLength: length, maxLength: length }).map((values) => Uint32Array.from(values)),
    logits: fc.array(fc.float(), { minLength: length, maxLength: length }).map((values) => Float32Array.from(values)),
    logSumExp: fc.float(),
    wantedLogits: floats(4),
  }),
);
const result: fc.Arbitrary<Frame> = fc.record({
  kind: fc.constant('result' as const),
  session,
  task: u32,
  rows: fc.array(candidates, { maxLength: 4 }),
  timings,
});
const error: fc.Arbitrary<Frame> = fc.record({
  kind: fc.constant('error' as const),
  session,
  task: u32,
  peerId,
  error: fc.record({
    code: fc.constant('peer-gone' as const),
    message: fc.string({ unit: 'grapheme', maxLength: 100 }),
  }),
});
const frame = fc.oneof(task, result, error);
const format = fc.constantFrom(...HIDDEN_FORMATS);

function taskWith(hidden: Float32Array): Frame {
  return {
    kind: 'task',
    session: '0'.repeat(32),
    task: 1,
    coordinator: 'c',
    route: [{ peerId: 'a', layers: { start: 0, end: 1 } }],
    position: 0,
    input: { dtype: 'f32', hidden },
    candidates: { rows: 'last', count: 1, wantedIds: Uint32Array.of(7, 8) },
    wire: 'q8',
    timings: [],
  };
}

function decodeTask(bytes: Uint8Array) {
  const decoded = decodeFrame(bytes);
  if (decoded.kind !== 'task' || decoded.input.dtype !== 'f32') throw new Error('unexpected');
  return { ...decoded, hidden: decoded.input.hidden };
}

/** How far a value may be off: half a unit in the last place of a half, half a step of its block in q8, whose largest is exact. */
function errorBound(format: HiddenFormat, hidden: Float32Array, index: number): number {
  if (format === 'f32') return 0;
  if (format === 'f16') return Math.max(2 ** -25, 2 ** -11 * Math.abs(hidden[index]!));
  const start = index - (index % 64);
  const sizes = [...hidden.subarray(start, start + 64)].map(Math.abs).sort((a, b) => b - a);
  if (Math.abs(hidden[index]!) > (sizes[1] ?? 0)) return 0;
  // The scale is rounded to an f32, which may be a subnormal one.
  return (sizes[1] ?? 0) * (0.5 / 127 + 1e-6) + 127 * 2 ** -149;
}

describe('frame codec', () => {
  it('gives back what it was given', () => {
    fc.assert(
      fc.property(frame, (original) => {
        expect(decodeFrame(encodeFrame(original))).toEqual(original);
      }),
    );
  });

  it('reads a frame that lies askew in a larger buffer', () => {
    fc.assert(
      fc.property(frame, format, fc.nat(7), (original, format, offset) => {
        const bytes = encodeFrame(original, format);
        const buffer = new Uint8Array(bytes.length + offset);
        buffer.set(bytes, offset);
        expect(decodeFrame(buffer.subarray(offset))).toEqual(decodeFrame(bytes));
      }),
    );
  });

  it('refuses every truncation, and any other damage that it cannot read, as bad-frame', () => {
    fc.assert(
      fc.property(frame, format, fc.nat(), fc.nat(255), (original, format, place, value) => {
        const bytes = encodeFrame(original, format);
        expect(() => decodeFrame(bytes.subarray(0, place % bytes.length))).toThrow(
          expect.objectContaining({ code: 'bad-frame' }),
        );
        const damaged = bytes.slice();
        damaged[place % bytes.length] = value;
        try {
          decodeFrame(damaged);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ShoalError);
          expect((thrown as ShoalError).code).toBe('bad-frame');
        }
      }),
    );
  });

  it('reads hostile bytes without allocating more than they hold', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        if (bytes[0] !== undefined) bytes[0] = 2;
        try {
          decodeFrame(bytes);
        } catch (thrown) {
          expect((thrown as ShoalError).code).toBe('bad-frame');
        }
      }),
    );
  });

  it('keeps the ids usable after the frame has gone to a worker', () => {
    const decoded = decodeTask(encodeFrame(taskWith(Float32Array.of(1, 2))));
    structuredClone(decoded.hidden, { transfer: [decoded.hidden.buffer as ArrayBuffer] });
    expect([...decoded.candidates.wantedIds]).toEqual([7, 8]);
  });

  it.each(HIDDEN_FORMATS)('carries hidden states as %s within its error', (format) => {
    const values = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -60_000, max: 60_000 }), {
      maxLength: 100,
    });
    fc.assert(
      fc.property(values, fc.constantFrom(1, 2 ** -20, 2 ** -140), (numbers, scale) => {
        const hidden = Float32Array.from(numbers, (value) => value * scale);
        const got = decodeTask(encodeFrame(taskWith(hidden), format)).hidden;
        expect(got.length).toBe(hidden.length);
        for (const [index, value] of hidden.entries())
          expect(Math.abs(got[index]! - value)).toBeLessThanOrEqual(errorBound(format, hidden, index));
      }),
    );
  });

  it('sends a row of 576 values in 2304, 1152 or 648 bytes', () => {
    const sizes = HIDDEN_FORMATS.map((format) => encodeFrame(taskWith(new Float32Array(576)), format).length);
    expect(HIDDEN_FORMATS.map((format) => hiddenBytes(format, 576))).toEqual([2304, 1152, 648]);
    expect(sizes.map((size) => size - sizes[0]!)).toEqual([0, 1152 - 2304, 648 - 2304]);
  });

  it('keeps an outlier exact in q8, and its neighbours as good as without it', () => {
    const hidden = Float32Array.from({ length: 100 }, (_, index) => (index === 40 ? 5000.123 : Math.sin(index)));
    const got = decodeTask(encodeFrame(taskWith(hidden), 'q8')).hidden;
    expect(got[40]).toBe(hidden[40]);
    for (const [index, value] of hidden.entries()) expect(Math.abs(got[index]! - value)).toBeLessThan(0.004);
  });

  it.each([
    ['f16', 70_000],
    ['f16', Number.NaN],
    ['q8', Number.POSITIVE_INFINITY],
    ['q8', Number.NaN],
  ] as const)('sends f32 where %s cannot hold %d', (format, value) => {
    const hidden = Float32Array.of(1 / 3, value, -2);
    expect(decodeTask(encodeFrame(taskWith(hidden), format)).hidden).toEqual(hidden);
  });

  it('refuses formats that it does not know', () => {
    const bytes = encodeFrame(taskWith(Float32Array.of(1, 2)), 'q8');
    // What is permitted, q8, and then what it is, q8 too.
    const wire = bytes.findLastIndex((byte, index) => byte === 2 && bytes[index + 1] === 3);
    const found = [0, 1].map((offset) => {
      const damaged = bytes.slice();
      damaged[wire + offset] = 9;
      return () => decodeFrame(damaged);
    });
    for (const decode of found)
      expect(decode).toThrow(
        expect.objectContaining({ code: 'bad-frame', message: expect.stringContaining('an unknown format') }),
      );
  });
});
