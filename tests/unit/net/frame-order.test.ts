import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_FRAME } from '../../../src/net/channel/frame-label.ts';
import { FrameOrder } from '../../../src/net/channel/frame-order.ts';
import { MAX_FRAME_BYTES } from '../../../src/protocol/limits.ts';

function label(id: number, previous = NO_FRAME) {
  return { id, previous, total: 1 };
}

describe('the order of frames', () => {
  it('is that of each lane, and no lane waits for another', () => {
    const lanes = fc.array(fc.nat(3), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(lanes, fc.infiniteStream(fc.nat()), (laneOf, random) => {
        const frames = laneOf.map((lane, id) => {
          const previous = laneOf.lastIndexOf(lane, id - 1);
          return { lane, label: label(id, id === 0 || previous < 0 ? NO_FRAME : previous) };
        });
        const order = new FrameOrder();
        const here = new Set<number>();
        const got: number[] = [];
        for (const { label } of frames.toSorted(() => (random.next().value! % 3) - 1)) {
          here.add(label.id);
          got.push(...order.complete(label, Uint8Array.of(label.id)).map(([id]) => id!));
          expect(order.has(label.id)).toBe(true);
          // All that has nothing missing before it in its lane is out.
          for (const lane of new Set(laneOf)) {
            const ids = frames.filter((frame) => frame.lane === lane).map((frame) => frame.label.id);
            const missing = ids.findIndex((id) => !here.has(id));
            const ready = missing < 0 ? ids : ids.slice(0, missing);
            expect(got.filter((id) => laneOf[id] === lane)).toEqual(ready);
          }
        }
        expect(got.length).toBe(frames.length);
      }),
    );
  });

  it('refuses a frame that came already, or cannot come next', () => {
    const order = new FrameOrder();
    order.complete(label(0), new Uint8Array(1));
    order.complete(label(5, 4), new Uint8Array(1));
    for (const wrong of [label(0), label(5, 4), label(6, 4), label(7, 8)])
      expect(() => order.complete(wrong, new Uint8Array(1))).toThrow(expect.objectContaining({ code: 'bad-frame' }));
  });

  it('keeps no more of what waits than of what is on its way', () => {
    const order = new FrameOrder();
    const frame = new Uint8Array(MAX_FRAME_BYTES);
    const flood = () => {
      for (let id = 1; ; id += 2) order.complete(label(id, id - 1), frame);
    };
    expect(flood).toThrow(expect.objectContaining({ code: 'limit-exceeded' }));
    const numbers = new FrameOrder();
    const leap = () => {
      for (let id = 1; ; id++) numbers.complete(label(id), new Uint8Array(1));
    };
    expect(leap).toThrow(expect.objectContaining({ code: 'limit-exceeded' }));
  });
});
