import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Llama } from 'node-llama-cpp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Tokenizer } from '../../../src/tokenizer/index.ts';
import { PRE_TOKENIZERS, preTokenizerOf } from '../../../src/tokenizer/pre-tokenizers.ts';
import { TokenType } from '../../../src/tokenizer/token-types.ts';
import { wordSplitter } from '../../../src/tokenizer/word-splitter.ts';
import { TOKENIZER_TEXTS } from '../../fixtures/tokenizer-texts.ts';
import {
  byteAlphabet,
  byteTokens,
  inByteAlphabet,
  mergesAcrossWords,
  type TokenizerEntries,
} from '../../fixtures/vocabulary.ts';
import { openLlama, openTokenizer } from '../../support/llama-cpp.ts';

interface Reference {
  readonly pieces: readonly { readonly pre: readonly string[]; readonly text: string; readonly pieces: string[] }[];
}

/**
 * Where llama.cpp is not right itself: it knows capitals in ASCII only (in `tiny_aya`, `youtu` and `kimi-k2` none), takes
 * combining marks for no letters, digits of other scripts for none (`superbpe`), spaces beyond ASCII for others
 * (`deepseek-llm`, `deepseek-coder`), and cuts digits before a letter (`tiny_aya`).
 */
const { pieces: DIFFERENT } = JSON.parse(readFileSync('tests/reference/pre-tokenizers.json', 'utf8')) as Reference;

/** No merges make these: they come whole or not at all. */
const WORDS = ['unreachable', ' unreachable', '\n\n\n\n\n\n\n\n\n'];
const inMetaspace = (text: string) => text.replaceAll(' ', '▁');
// llama.cpp reads tokens up to a NUL.
const WRITTEN = TOKENIZER_TEXTS.filter((text) => !text.includes('\0'));
const BYTES = vocabulary(byteAlphabet(), mergesAcrossWords(TOKENIZER_TEXTS.map(inByteAlphabet)), inByteAlphabet);
const CHARACTERS = vocabulary(byteTokens(), mergesAcrossWords(WRITTEN.map(inMetaspace)), inMetaspace);

function vocabulary(letters: readonly string[], merges: readonly string[], write: (text: string) => string) {
  const parts = merges.flatMap((merge) => [...merge.split(' '), merge.replace(' ', '')]);
  const words = [...new Set([...letters, ...parts, ...WORDS.map(write)])];
  return {
    tokens: [...words, '<|startoftext|>'],
    merges,
    token_type: [...words.map(() => TokenType.normal), TokenType.control],
    bos_token_id: words.length,
    eos_token_id: words.length,
  } satisfies TokenizerEntries;
}

let llama: Llama;
let folder: string;

beforeAll(async () => {
  llama = await openLlama();
  folder = await mkdtemp(join(tmpdir(), 'shoal-pre-tokenizers-'));
}, 60_000);

afterAll(async () => {
  await llama.dispose();
  await rm(folder, { recursive: true });
}, 60_000);

it.each(PRE_TOKENIZERS)('%s cuts every text as llama.cpp does, or as its own tokenizer.json says', async (pre) => {
  const words = wordSplitter(preTokenizerOf(pre));
  const { metadata, model } = await openTokenizer(llama, join(folder, `${pre}.gguf`), {
    ...(preTokenizerOf(pre).alphabet === 'characters' ? CHARACTERS : BYTES),
    ...{ model: pre === 'gemma4' ? 'gemma4' : 'gpt2', pre },
  });
  const tokenizer = Tokenizer.fromMetadata(metadata);
  for (const text of [...TOKENIZER_TEXTS, ...WORDS]) {
    const mine = tokenizer.encode(text, { addSpecial: false });
    const different = DIFFERENT.find((row) => row.pre.includes(pre) && row.text === text);
    if (different) {
      expect(words(text), text).toEqual(different.pieces);
      expect(mine, text).not.toEqual([...model.tokenize(text)]);
    } else expect(mine, text).toEqual([...model.tokenize(text)]);
  }
  expect(tokenizer.encode('').length === 1, 'begins with the beginning token').toBe(model.tokens.shouldPrependBosToken);
  await model.dispose();
});
