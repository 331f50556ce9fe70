import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAllLenient, decodeLenient } from '../../../src/gguf/strings.ts';

const utf8 = new TextEncoder();
const text = fc.string({ unit: 'binary' }).map((value) => utf8.encode(value));
const eachAlone = (strings: readonly Uint8Array[]) => strings.map(decodeLenient);

/** Decoded where they lie behind one another, with a gap before each. */
function together(strings: readonly Uint8Array[]): string[] {
  const starts: number[] = [];
  const bytes = strings.flatMap((string, index) => {
    starts.push(index + 1 + strings.slice(0, index).reduce((sum, { length }) => sum + length, 0));
    return [0xff, ...string];
  });
  const ends = strings.map(({ length }, index) => starts[index]! + length);
  return decodeAllLenient(Uint8Array.from(bytes), Uint32Array.from(starts), Uint32Array.from(ends));
}

describe('strings decoded together', () => {
  it('are what each alone is, in every alphabet', () => {
    fc.assert(
      fc.property(fc.array(text), (strings) => {
        expect(together(strings)).toEqual(eachAlone(strings));
      }),
    );
  });

  it('are what each alone is, where some are no valid UTF-8', () => {
    const bytes = fc.oneof(text, fc.uint8Array({ maxLength: 4 }), fc.constantFrom(...halves('é'), ...halves('🐟')));
    fc.assert(
      fc.property(fc.array(bytes), (strings) => {
        expect(together(strings)).toEqual(eachAlone(strings));
      }),
    );
  });

  it('keep a byte order mark, and make no character of two halves', () => {
    expect(together([utf8.encode('\uFEFFa'), utf8.encode('🐟')])).toEqual(['\uFEFFa', '🐟']);
    expect(together(halves('é'))).toEqual(['\uFFFD', '\uFFFD']);
  });
});

/** A character's bytes in two strings. */
function halves(character: string): Uint8Array[] {
  const bytes = utf8.encode(character);
  return [bytes.subarray(0, 1), bytes.subarray(1)];
}
