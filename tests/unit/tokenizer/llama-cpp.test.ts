import fc from 'fast-check';
import { getLlama, type Llama, type LlamaModel } from 'node-llama-cpp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defaultTokenizer } from '../../support/default-tokenizer.ts';

const tokenizer = await defaultTokenizer();
let llama: Llama;
let model: LlamaModel;

beforeAll(async () => {
  llama = await getLlama({ gpu: false, build: 'never', progressLogs: false });
  model = await llama.loadModel({ modelPath: 'models_cache/SmolLM2-135M-Instruct.Q4_1.gguf', vocabOnly: true });
}, 60_000);

afterAll(() => llama.dispose());

/** Where pre-tokenizers disagree: spaces of every kind, digits of every script, apostrophes, joined characters. */
const fragment = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.string({ unit: fc.constantFrom(...' \n\t\r\u00a0\u2003\u3000\u0085\ufeff'), maxLength: 5 }),
  fc.string({ unit: fc.constantFrom(...'0123١٢½²Ⅳ'), maxLength: 5 }),
  fc.constantFrom("'s", "'LL", ' the', '<|im_end|>', '<|im_start|>', '<|endoftext|', '  tokenization', '好', '😀'),
);

it('agrees with llama.cpp on any text', () => {
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 20 }), fc.boolean(), (fragments, parseSpecial) => {
      const text = fragments.join('');
      expect(tokenizer.encode(text, { parseSpecial })).toEqual([...model.tokenize(text, parseSpecial)]);
    }),
    { numRuns: 1000 },
  );
});
