import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HIDDEN_FORMATS } from '../../src/protocol/hidden-formats.ts';
import { chooseFormat } from '../../src/swarm/wire-format.ts';

const format = fc.constantFrom(...HIDDEN_FORMATS);
const count = fc.integer({ min: 1, max: 256 * 16_384 });
const link = fc.record({
  roundTripMs: fc.double({ min: 0, max: 1000, noNaN: true }),
  bytesPerMs: fc.oneof(fc.constant(0), fc.double({ min: 1, max: 100_000, noNaN: true })),
});
const rank = (name: (typeof HIDDEN_FORMATS)[number]) => HIDDEN_FORMATS.indexOf(name);

describe('wire format', () => {
  it('is never coarser than permitted, and exact where nothing else is', () => {
    fc.assert(
      fc.property(format, count, link, (permitted, values, speed) => {
        expect(rank(chooseFormat(permitted, values, speed))).toBeLessThanOrEqual(rank(permitted));
        expect(chooseFormat('f32', values, speed)).toBe('f32');
      }),
    );
  });

  it('is no finer on a slower link of the same length', () => {
    fc.assert(
      fc.property(
        format,
        count,
        link,
        fc.double({ min: 1, max: 10, noNaN: true }),
        (permitted, values, speed, times) => {
          // Up to the rate at which the link itself is the limit.
          const windowRate = (64 * 1024) / speed.roundTripMs;
          const rate = Math.min(speed.bytesPerMs || windowRate, windowRate * 0.99);
          const fast = chooseFormat(permitted, values, { ...speed, bytesPerMs: rate });
          const slow = chooseFormat(permitted, values, { ...speed, bytesPerMs: rate / times });
          expect(rank(slow)).toBeGreaterThanOrEqual(rank(fast));
        },
      ),
    );
  });

  it.each([
    ['a token to the next room', 576, { roundTripMs: 1, bytesPerMs: 10_000 }, 'f32'],
    ['a token of a wide model, far away, on a fast link', 4096, { roundTripMs: 100, bytesPerMs: 2000 }, 'f32'],
    ['a token before anything was measured', 4096, { roundTripMs: 0, bytesPerMs: 0 }, 'f32'],
    ['a token of a wide model at 1 Mbit/s', 4096, { roundTripMs: 50, bytesPerMs: 125 }, 'q8'],
    ['a prompt to the next room', 256 * 576, { roundTripMs: 1, bytesPerMs: 10_000 }, 'q8'],
    ['a prompt far away', 256 * 576, { roundTripMs: 100, bytesPerMs: 0 }, 'q8'],
    ['twelve tokens far away', 12 * 576, { roundTripMs: 100, bytesPerMs: 0 }, 'f32'],
    ['forty tokens far away: what f16 saves is enough', 40 * 576, { roundTripMs: 100, bytesPerMs: 0 }, 'f16'],
  ] as const)('for %s', (_, values, speed, expected) => {
    expect(chooseFormat('q8', values, speed)).toBe(expected);
  });
});
