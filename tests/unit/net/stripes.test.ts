import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_FRAME } from '../../../src/net/channel/frame-label.ts';
import { MAX_STRIPED_BYTES, StripeAssembler, stripe } from '../../../src/net/channel/stripes.ts';

const PART = 1100;
const GROUP = 15;
const NEVER = () => false;

function label(total: number, id = 7) {
  return { id, previous: NO_FRAME, total };
}

function frameOf(total: number): Uint8Array {
  return Uint8Array.from({ length: total }, (_, index) => (index * 31 + (index >> 8)) & 0xff);
}

describe('a frame in packets', () => {
  it('is whole from any order of them, with copies, and one of each group lost', () => {
    const size = fc.oneof(
      fc.constantFrom(1, PART - 1, PART, PART + 1, GROUP * PART, GROUP * PART + 1, MAX_STRIPED_BYTES),
      fc.integer({ min: 1, max: MAX_STRIPED_BYTES }),
    );
    fc.assert(
      fc.property(size, fc.infiniteStream(fc.nat()), (total, random) => {
        const next = (below: number) => random.next().value! % below;
        const frame = frameOf(total);
        const packets = stripe(label(total), frame);
        const groups = Math.ceil(Math.ceil(total / PART) / GROUP);
        const parts = packets.length - groups;
        const lost = Array.from({ length: groups }, (_, group) => {
          const members = packets
            .map((_, index) => index)
            .filter((index) => (index < parts ? index : index - parts) % groups === group);
          return members[next(members.length)]!;
        });
        const left = packets.filter((_, index) => !lost.includes(index));
        const order = [...left, left[next(left.length)]!].sort(() => next(3) - 1);
        const assembler = new StripeAssembler();
        let whole: Uint8Array | undefined;
        for (const packet of order) {
          const pushed = assembler.push(packet, () => whole !== undefined);
          if (pushed) {
            expect(pushed.label).toEqual(label(total));
            whole = pushed.frame;
          }
        }
        expect(whole).toEqual(frame);
      }),
      { numRuns: 60 },
    );
  });

  it('waits for the second that a group lacks', () => {
    const frame = frameOf(5 * PART);
    const packets = stripe(label(frame.length), frame);
    const assembler = new StripeAssembler();
    for (const packet of packets.slice(2)) expect(assembler.push(packet, NEVER)).toBeUndefined();
    expect(assembler.push(packets[0]!, NEVER)?.frame).toEqual(frame);
  });

  it('is one SCTP packet a message, and one more for fifteen', () => {
    const packets = stripe(label(4 * 4096), frameOf(4 * 4096));
    expect(packets.length).toBe(16);
    for (const packet of packets) expect(packet.length).toBeLessThanOrEqual(1128);
  });

  it('may come in between others, and late packets of it are passed over', () => {
    const [a, b] = [1, 2].map((id) => stripe(label(3000, id), frameOf(3000)));
    const assembler = new StripeAssembler();
    const whole = new Set<number>();
    const push = (packet: Uint8Array) => {
      const pushed = assembler.push(packet, (id) => whole.has(id));
      if (pushed) whole.add(pushed.label.id);
    };
    for (const index of [0, 1, 2]) for (const packets of [a!, b!]) push(packets[index]!);
    expect([...whole]).toEqual([1, 2]);
    push(a![3]!);
    expect([...whole]).toEqual([1, 2]);
  });

  const good = stripe(label(3000), frameOf(3000))[0]!;
  const changed = (word: number, value: number) => {
    const bytes = good.slice();
    new DataView(bytes.buffer).setUint32(4 * word, value, true);
    return bytes;
  };
  it.each([
    ['no header', new Uint8Array(16), 'bad-frame'],
    ['a frame without bytes', changed(2, 0), 'limit-exceeded'],
    ['a frame too long', changed(2, MAX_STRIPED_BYTES + 1), 'limit-exceeded'],
    ['a packet that the frame has not', changed(3, 4), 'bad-frame'],
    ['a part too short', good.subarray(0, -1), 'bad-frame'],
    ['a part too long', Uint8Array.from([...good, 0]), 'bad-frame'],
  ])('is refused for %s', (_, bytes, code) => {
    expect(() => new StripeAssembler().push(bytes, NEVER)).toThrow(expect.objectContaining({ code }));
  });

  it('is refused when its packets do not agree, and when too many others lack some', () => {
    const assembler = new StripeAssembler();
    assembler.push(good, NEVER);
    expect(() => assembler.push(changed(1, 3), NEVER)).toThrow(expect.objectContaining({ code: 'bad-frame' }));
    const flood = () => {
      for (let id = 100; ; id++) assembler.push(changed(0, id), NEVER);
    };
    expect(flood).toThrow(expect.objectContaining({ code: 'limit-exceeded' }));
  });
});
