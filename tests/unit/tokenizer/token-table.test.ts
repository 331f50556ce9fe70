import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseGguf } from '../../../src/gguf/read.ts';
import { encodeEntry } from '../../../src/gguf/write.ts';
import { Tokenizer } from '../../../src/tokenizer/index.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';
import { defaultTokenizer } from '../../support/default-tokenizer.ts';

const ALL = Number.POSITIVE_INFINITY;
const big = await defaultTokenizer();
const tinyBytes = makeTinyModel({ layerCount: 1 });
const tiny = Tokenizer.fromMetadata(parseGguf(tinyBytes, 'tiny.gguf', tinyBytes.length).metadata);

describe('the fewest tokens of a text', () => {
  it.each([
    ['of the default model', big],
    ['of a tiny one', tiny],
  ])('are never more than it has: %s', (_, tokenizer) => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.lorem({ maxCount: 20 }));
    fc.assert(
      fc.property(text, (text) => {
        expect(tokenizer.fewestTokens(text, ALL)).toBeLessThanOrEqual(tokenizer.encode(text).length);
      }),
    );
  });

  it('refuse a large paste at sight', () => {
    for (const text of ['a', ' ', '好', '\n', 'Zm9vYmFy']) {
      const paste = text.repeat(1_000_000 / text.length);
      expect(big.fewestTokens(paste, 8192), JSON.stringify(text)).toBeGreaterThanOrEqual(8192);
    }
    expect(tiny.fewestTokens('<|im_start|>'.repeat(10), ALL)).toBe(10);
  });
});

it('a vocabulary with a token of a megabyte is refused by its number', () => {
  const tokens = Array.from({ length: 273 }, (_, id) => (id === 7 ? 'x'.repeat(1_000_000) : `t${id}`));
  const metadata = { 'tokenizer.ggml.tokens': encodeEntry('tokenizer.ggml.tokens', 'string[]', tokens) };
  const bytes = makeTinyModel({ layerCount: 1, metadata });
  expect(() => Tokenizer.fromMetadata(parseGguf(bytes, 'tiny.gguf', bytes.length).metadata)).toThrow(
    expect.objectContaining({ code: 'bad-gguf', message: expect.stringContaining('token 7 has 1000000 characters') }),
  );
});
