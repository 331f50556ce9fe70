import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HIDDEN_FORMATS, hiddenBytes } from '../../../src/protocol/hidden-formats.ts';
import { chooseFormat } from '../../../src/swarm/frames/wire-format.ts';

const format = fc.constantFrom(...HIDDEN_FORMATS);
const count = fc.integer({ min: 1, max: 256 * 16_384 });
const roundTripMs = fc.double({ min: 0, max: 1000, noNaN: true });
const delivery = fc.record({
  bytes: fc.integer({ min: 1, max: 1 << 24 }),
  lateMs: fc.double({ min: 0, max: 5000, noNaN: true }),
});
const link = fc.record({ roundTripMs, deliveries: fc.array(delivery) });
const rank = (name: (typeof HIDDEN_FORMATS)[number]) => HIDDEN_FORMATS.indexOf(name);

/** A link on which a row of this format was so late, lately. */
function met(roundTripMs: number, count: number, name: (typeof HIDDEN_FORMATS)[number], ...latenessMs: number[]) {
  const bytes = hiddenBytes(name, count) + 300;
  return { roundTripMs, deliveries: latenessMs.map((lateMs) => ({ bytes, lateMs })) };
}

describe('wire format', () => {
  it('is never coarser than permitted, and exact where nothing else is', () => {
    fc.assert(
      fc.property(format, count, link, (permitted, values, speed) => {
        expect(rank(chooseFormat(permitted, values, speed))).toBeLessThanOrEqual(rank(permitted));
        expect(chooseFormat('f32', values, speed)).toBe('f32');
      }),
    );
  });

  it('is no finer where everything was later', () => {
    fc.assert(
      fc.property(
        format,
        count,
        link,
        fc.double({ min: 1, max: 10, noNaN: true }),
        (permitted, values, fast, times) => {
          const deliveries = fast.deliveries.map(({ bytes, lateMs }) => ({ bytes, lateMs: lateMs * times }));
          const slow = { roundTripMs: fast.roundTripMs, deliveries };
          expect(rank(chooseFormat(permitted, values, slow))).toBeGreaterThanOrEqual(
            rank(chooseFormat(permitted, values, fast)),
          );
        },
      ),
    );
  });

  it.each([
    ['a token to the next room', 576, met(1, 576, 'f32', 0, 0, 0), 'f32'],
    ['a token of a wide model, far away, on a fast link', 4096, met(100, 4096, 'f32', 0, 2, 1), 'f32'],
    ['a token before anything was measured', 4096, { roundTripMs: 0, deliveries: [] }, 'f32'],
    ['a token of a wide model at 1 Mbit/s', 4096, met(50, 4096, 'f32', 120, 121), 'q8'],
    ['a token of a wide model where packets get lost', 4096, met(100, 4096, 'f32', 0, 0, 0, 0, 0, 150), 'q8'],
    ['a token there, once it is 8-bit', 4096, met(100, 4096, 'q8', 0, 0, 0, 0, 0, 150), 'q8'],
    ['a token, when none was lost for a while', 4096, met(100, 4096, 'q8', 0, 0, 0, 0, 0, 0), 'f32'],
    ['a token, by what prompts met', 576, met(50, 576 * 256, 'f32', 600), 'f32'],
    ['a prompt to the next room', 256 * 576, met(1, 256 * 576, 'f32', 60), 'q8'],
    ['a prompt far away', 256 * 576, { roundTripMs: 100, deliveries: [] }, 'q8'],
    ['twelve tokens far away', 12 * 576, { roundTripMs: 100, deliveries: [] }, 'f32'],
    ['forty tokens far away', 40 * 576, { roundTripMs: 100, deliveries: [] }, 'q8'],
  ] as const)('for %s', (_, values, speed, expected) => {
    expect(chooseFormat('q8', values, speed)).toBe(expected);
  });
});
