import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageAssembler, prefixed } from '../../../src/net/channel/message-assembler.ts';

const MAX_BYTES = 1000;

/** Feeds `bytes` in pieces of these sizes, then the rest. */
function assemble(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const messages: Uint8Array[] = [];
  const assembler = new MessageAssembler(MAX_BYTES, (message) => messages.push(message));
  let start = 0;
  for (const size of sizes) {
    assembler.push(bytes.subarray(start, start + size));
    start += size;
  }
  assembler.push(bytes.subarray(start));
  return messages;
}

describe('message assembler', () => {
  it('gives back the messages however the stream was cut', () => {
    const messages = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 8 });
    fc.assert(
      fc.property(messages, fc.array(fc.nat(40)), (sent, sizes) => {
        const stream = Uint8Array.from(sent.flatMap((message) => [...prefixed(message)]));
        expect(assemble(stream, sizes)).toEqual(sent);
      }),
    );
  });

  it('joins the parts of one message', () => {
    expect(assemble(prefixed(Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3)), [])).toEqual([
      Uint8Array.of(1, 2, 3),
    ]);
  });

  it('refuses a length that is zero or over the limit, as soon as it is known', () => {
    for (const length of [0, MAX_BYTES + 1, 0xffffffff]) {
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setUint32(0, length, true);
      expect(() => assemble(bytes, [3])).toThrow(expect.objectContaining({ code: 'limit-exceeded' }));
    }
    expect(assemble(prefixed(new Uint8Array(MAX_BYTES)), [])).toHaveLength(1);
  });

  it('gives each message a buffer of its own, so that it can be transferred', () => {
    const [first, second] = assemble(
      Uint8Array.from([...prefixed(Uint8Array.of(1)), ...prefixed(Uint8Array.of(2))]),
      [],
    );
    structuredClone(first, { transfer: [first!.buffer as ArrayBuffer] });
    expect(second).toEqual(Uint8Array.of(2));
  });
});
