import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShoalError } from '../../src/core/errors.ts';
import { decodeFrame, encodeFrame } from '../../src/protocol/frame-codec.ts';
import type { Frame } from '../../src/protocol/frames.ts';

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
      fc.property(frame, fc.nat(7), (original, offset) => {
        const bytes = encodeFrame(original);
        const buffer = new Uint8Array(bytes.length + offset);
        buffer.set(bytes, offset);
        expect(decodeFrame(buffer.subarray(offset))).toEqual(original);
      }),
    );
  });

  it('refuses every truncation, and any other damage that it cannot read, as bad-frame', () => {
    fc.assert(
      fc.property(frame, fc.nat(), fc.nat(255), (original, place, value) => {
        const bytes = encodeFrame(original);
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
        if (bytes[0] !== undefined) bytes[0] = 1;
        try {
          decodeFrame(bytes);
        } catch (thrown) {
          expect((thrown as ShoalError).code).toBe('bad-frame');
        }
      }),
    );
  });

  it('keeps the ids usable after the frame has gone to a worker', () => {
    const bytes = encodeFrame({
      kind: 'task',
      session: '0'.repeat(32),
      task: 1,
      coordinator: 'c',
      route: [{ peerId: 'a', layers: { start: 0, end: 1 } }],
      position: 0,
      input: { dtype: 'f32', hidden: Float32Array.of(1, 2) },
      candidates: { rows: 'last', count: 1, wantedIds: Uint32Array.of(7, 8) },
      timings: [],
    });
    const decoded = decodeFrame(bytes);
    if (decoded.kind !== 'task' || decoded.input.dtype !== 'f32') throw new Error('unexpected');
    structuredClone(decoded.input.hidden, { transfer: [decoded.input.hidden.buffer as ArrayBuffer] });
    expect([...decoded.candidates.wantedIds]).toEqual([7, 8]);
  });
});
