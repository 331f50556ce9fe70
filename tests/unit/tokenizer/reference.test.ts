import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Tokenizer } from '../../../src/tokenizer/index.ts';
import { defaultMetadata, defaultTokenizer } from '../../support/default-tokenizer.ts';

interface Reference {
  readonly tokenizer: readonly { text: string; parseSpecial: boolean; ids: number[]; detokenized: string }[];
  readonly greedy: readonly {
    messages?: { role: string; content: string }[];
    prompt?: string;
    promptIds: number[];
    ids: number[];
    text: string;
  }[];
}
const reference = JSON.parse(readFileSync('tests/reference/smollm2-135m-q4_1.json', 'utf8')) as Reference;
/** Of the default model: never seen in its training text. */
const BYTES_WITHOUT_TOKEN = new Set([0x04, 0x06, 0x13, 0x14, 0x16, 0x1d, 0xc0, 0xc1, 0xf1, 0xf2, 0xf5, 0xf6, 0xf7]);
const metadata = await defaultMetadata();
const tokenizer = await defaultTokenizer();

describe('the default model’s tokenizer', () => {
  it.each(reference.tokenizer)('encodes and decodes $text (special: $parseSpecial) as the reference', (row) => {
    const ids = tokenizer.encode(row.text, { parseSpecial: row.parseSpecial });
    expect(ids).toEqual(row.ids);
    expect(tokenizer.decode(ids)).toBe(row.detokenized);
  });

  it.each(reference.greedy)(
    'renders and encodes the prompt of case %#',
    ({ messages, promptIds, ids, text, ...row }) => {
      const found = messages
        ? tokenizer.encodeRendered(tokenizer.renderChat(messages))
        : tokenizer.encode(row.prompt!, { parseSpecial: true });
      expect(found).toEqual(promptIds);
      expect(tokenizer.decode(ids)).toBe(text);
    },
  );

  it('knows where a turn ends', () => {
    // <|endoftext|>, <|im_end|>, <reponame>
    expect([...tokenizer.eogIds].sort()).toEqual([0, 2, 4]);
    expect(tokenizer.decode([504, 2], { skipSpecial: true })).toBe('The');
  });

  it('gives back any text, but for the bytes that the model has no token for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const known = new TextEncoder().encode(text).filter((byte) => !BYTES_WITHOUT_TOKEN.has(byte));
        const expected = new TextDecoder('utf-8', { ignoreBOM: true }).decode(known);
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(expected);
      }),
    );
  });

  it('emits whole characters only, whatever the tokens’ borders', () => {
    const text = 'héllo 😀 你好 👨‍👩‍👧‍👦 ½';
    const detokenizer = tokenizer.detokenizer();
    const pieces = tokenizer.encode(text).map((id) => detokenizer.push(id));
    expect(pieces.join('') + detokenizer.flush()).toBe(text);
    expect(pieces.some((piece) => piece.includes('\uFFFD'))).toBe(false);
    expect(pieces.some((piece) => piece === '')).toBe(true);
  });

  it('shows a character that never became whole at the end', () => {
    const detokenizer = tokenizer.detokenizer();
    expect(detokenizer.push(tokenizer.encode('😀')[0]!)).toBe('');
    expect(detokenizer.flush()).toBe('\uFFFD');
  });

  it('is made and encodes within a page’s patience', () => {
    const startedAtMs = performance.now();
    const made = Tokenizer.fromMetadata(metadata);
    const madeAtMs = performance.now();
    const text = reference.tokenizer.map((row) => row.text).join('\n');
    const long = text.repeat(Math.ceil(100_000 / text.length));
    made.encode(long);
    const encodedAtMs = performance.now();
    console.log(
      `made in ${Math.round(madeAtMs - startedAtMs)} ms; ${long.length} characters in ${Math.round(encodedAtMs - madeAtMs)} ms`,
    );
    // Bounds against a change of complexity, far above what a quiet machine takes.
    expect(madeAtMs - startedAtMs).toBeLessThan(3000);
    expect(encodedAtMs - madeAtMs).toBeLessThan(5000);
  });
});
