import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShoalError } from '../../../src/core/errors.ts';
import type { MetadataValue } from '../../../src/core/metadata.ts';
import { Tokenizer } from '../../../src/tokenizer/index.ts';
import { PRE_TOKENIZERS } from '../../../src/tokenizer/pre-tokenizers.ts';
import { byteAlphabet, byteTokens } from '../../fixtures/vocabulary.ts';

const MARKS = ['<unk>', '<s>', '</s>', '<|im_end|>', '<|end|>', '<|return|>', '<|call|>', '[INST]', '\n'];
const TYPES = [2, 3, 3, 3, 3, 3, 3, 4, 1];
const VALID: readonly Record<string, MetadataValue>[] = [
  { model: 'gpt2', pre: 'qwen2', letters: 'bytes', merges: ['a b', 'ab c', 'Ġ a'] },
  { model: 'gpt2', pre: 'sarvam-moe', letters: 'characters', merges: ['a b', '▁ a'] },
  { model: 'gemma4', letters: 'characters', merges: ['a b', '\n \n'] },
  { model: 'llama', letters: 'characters', scores: 'all' },
].map(({ letters, scores, ...entries }) => {
  const tokens = [...MARKS, ...(letters === 'bytes' ? byteAlphabet() : byteTokens()), 'ab', 'abc', '▁a'];
  const token_type = [...TYPES, ...tokens.slice(TYPES.length).map(() => (letters === 'bytes' ? 1 : 6))];
  return {
    ...entries,
    ...{ tokens, token_type, bos_token_id: 1, eos_token_id: 2, add_bos_token: true, add_space_prefix: true },
    ...(scores ? { scores: tokens.map((_, id) => -id) } : {}),
  };
});

/** What a file may hold in place of anything. */
const scalar = fc.oneof(
  fc.constantFrom<MetadataValue>(
    0,
    -1,
    2 ** 31,
    2 ** 53,
    0.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2n ** 63n,
    true,
    false,
  ),
  fc.constantFrom<MetadataValue>(
    '',
    ' ',
    '\0',
    '\ud800',
    'x'.repeat(2000),
    '(?:',
    '\\',
    '▁',
    '<0x41>',
    '__proto__',
    'constructor',
  ),
  fc.constantFrom<MetadataValue>('gpt2', 'llama', 'gemma4', 'bert', 't5', 'rwkv', ...PRE_TOKENIZERS),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const KEYS = [
  ...['model', 'pre', 'tokens', 'token_type', 'scores', 'merges', 'add_bos_token', 'add_eos_token', 'add_space_prefix'],
  ...['bos_token_id', 'eos_token_id', 'eot_token_id', 'eos_token_ids', 'unknown_token_id'],
];
type Mutation = (entries: Record<string, MetadataValue | undefined>) => void;
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc
    .record({
      key: fc.constantFrom(...KEYS),
      value: fc.oneof(scalar, fc.array(scalar, { maxLength: 5 }), fc.constant(undefined)),
    })
    .map(
      ({ key, value }): Mutation =>
        (entries) => {
          entries[key] = value;
        },
    ),
  fc
    .record({ key: fc.constantFrom('tokens', 'token_type', 'scores', 'merges'), place: fc.nat(300), value: scalar })
    .map(
      ({ key, place, value }): Mutation =>
        (entries) => {
          const list = entries[key];
          if (Array.isArray(list) && list.length > 0) entries[key] = list.with(place % list.length, value);
        },
    ),
  fc.record({ key: fc.constantFrom('tokens', 'token_type', 'scores', 'merges'), length: fc.nat(300) }).map(
    ({ key, length }): Mutation =>
      (entries) => {
        const list = entries[key];
        if (Array.isArray(list)) entries[key] = list.slice(0, length);
      },
  ),
);
const TEXTS = ['', ' a abc\n\n\nab', 'é好\u0000\ud800<|im_end|></s>[INST] x', 'a'.repeat(10_000)];

describe('mutated metadata of a tokenizer', () => {
  it.each(VALID)(
    '$model, $pre: is refused as a file’s fault, or encodes and decodes',
    (valid) => {
      let made = 0;
      fc.assert(
        fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), (mutations) => {
          const entries: Record<string, MetadataValue | undefined> = { ...valid };
          for (const mutate of mutations) mutate(entries);
          const metadata = new Map<string, MetadataValue>();
          for (const [key, value] of Object.entries(entries))
            if (value !== undefined) metadata.set(`tokenizer.ggml.${key}`, value);
          let tokenizer: Tokenizer;
          try {
            tokenizer = Tokenizer.fromMetadata(metadata);
          } catch (error) {
            expect(error).toBeInstanceOf(ShoalError);
            expect((error as ShoalError).code).toBe('bad-gguf');
            // A name that is quoted is a stranger's text.
            expect((error as ShoalError).message.length).toBeLessThan(5000);
            return;
          }
          made++;
          for (const text of TEXTS) {
            for (const parseSpecial of [false, true]) {
              const ids = tokenizer.encode(text, { parseSpecial });
              expect(ids.length).toBeLessThanOrEqual(3 * text.length + 6);
              expect(ids.every((id) => Number.isInteger(id) && id >= 0 && id < tokenizer.size)).toBe(true);
              expect(typeof tokenizer.decode(ids)).toBe('string');
            }
          }
        }),
        { numRuns: 80 },
      );
      expect(made).toBeGreaterThan(10);
    },
    120_000,
  );

  it.each(['bert', 't5', 'rwkv', 'plamo2', 'no_vocab'])('the kind %s is refused by its name', (model) => {
    expect(() => Tokenizer.fromMetadata(new Map([['tokenizer.ggml.model', model]]))).toThrow(
      expect.objectContaining({ code: 'bad-gguf', message: expect.stringContaining(`"${model}"`) }),
    );
  });
});
