import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Llama } from 'node-llama-cpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeEntry } from '../../../src/gguf/write.ts';
import { Tokenizer } from '../../../src/tokenizer/index.ts';
import { TokenType } from '../../../src/tokenizer/token-types.ts';
import { seededRandom } from '../../fixtures/random.ts';
import { TOKENIZER_TEXTS } from '../../fixtures/tokenizer-texts.ts';
import { byteAlphabet, byteTokens, type TokenizerEntries } from '../../fixtures/vocabulary.ts';
import { openLlama, openTokenizer } from '../../support/llama-cpp.ts';

let llama: Llama;
let folder: string;
let files = 0;

beforeAll(async () => {
  llama = await openLlama();
  folder = await mkdtemp(join(tmpdir(), 'shoal-vocabularies-'));
}, 60_000);

afterAll(async () => {
  await llama.dispose();
  await rm(folder, { recursive: true });
}, 60_000);

const open = (entries: TokenizerEntries, metadata: Record<string, Uint8Array> = {}) =>
  openTokenizer(llama, join(folder, `${files++}.gguf`), entries, metadata);

/** Token and type. */
type Row = readonly [token: string, type: number];
const CONTROLS: readonly Row[] = [
  ['<unk>', TokenType.unknown],
  ['<s>', TokenType.control],
  ['</s>', TokenType.control],
  ['<|user|>', TokenType.control],
  ['<|endoftext|>', TokenType.control],
];
const PIECES: readonly Row[] = ['[INST]', '[INST]]', '\n\n', '▁▁', '   ', '<div'].map((text) => [
  text,
  TokenType.userDefined,
]);
/** With marks and pieces, and spaces around them. */
const TEXTS = [
  ...TOKENIZER_TEXTS,
  '',
  '<|user|>\nHello<|endoftext|>\n<|user|> \n\t Hello</s>  x<s>\n y',
  '[INST] x [INST]]y[INST][INST]\n\n\nz    q',
  '<|user|>',
  ' <|user|> <|user|>',
  '▁x ▁ ▁▁▁',
];

/** SentencePiece: every run of up to five characters of the texts that chance takes, with scores of which some are equal. */
function sentencePieceEntries(seed: number): TokenizerEntries {
  const random = seededRandom(seed);
  const runs = new Set<string>();
  for (const text of TOKENIZER_TEXTS.filter((text) => !text.includes('\0'))) {
    const characters = [...text.replaceAll(' ', '▁')];
    for (let start = 0; start < characters.length; start++) {
      for (let length = 1; length <= 5 && start + length <= characters.length; length++) {
        if (random() < 0.6) runs.add(characters.slice(start, start + length).join(''));
      }
    }
  }
  const special: readonly Row[] = [...CONTROLS, ...PIECES];
  // llama.cpp makes marks of typed text where "</" and "s>" are tokens; Shoal never does.
  for (const [token] of special) runs.delete(token);
  const words = [...runs].filter((run) => run.length === 1 || !/^<|>$/.test(run));
  return {
    model: 'llama',
    tokens: [...special.map(([token]) => token), ...byteTokens(), ...words],
    token_type: [
      ...special.map(([, type]) => type),
      ...byteTokens().map(() => TokenType.byte),
      ...words.map(() => TokenType.normal),
    ],
    scores: [
      ...special.map(() => 0),
      ...byteTokens().map(() => 0),
      ...words.map(() => -Math.floor(random() * words.length * 0.8)),
    ],
  };
}

describe('SentencePiece BPE gives llama.cpp’s ids', () => {
  it.each([
    ['with a space before a text', {}, ''],
    ['without', { add_space_prefix: false }, ''],
    ['with a flag that llama.cpp heeds for other kinds only', { remove_extra_whitespaces: true }, ''],
    ['where marks take the spaces behind them along', {}, 'Phi-3 Mini'],
  ])('%s', async (_, change, name) => {
    const named = name === '' ? {} : { 'general.name': encodeEntry('general.name', 'string', name) };
    const { metadata, model } = await open({ ...sentencePieceEntries(files), ...change }, named);
    const tokenizer = Tokenizer.fromMetadata(metadata);
    for (const text of TEXTS) {
      for (const parseSpecial of [false, true]) {
        const mine = tokenizer.encode(text, { parseSpecial, addSpecial: false });
        expect(mine, text).toEqual([...model.tokenize(text, parseSpecial)]);
      }
    }
    await model.dispose();
  });

  it('with its flags about beginning and end', async () => {
    for (const change of [{}, { add_bos_token: false }, { add_eos_token: true }]) {
      const { metadata, model } = await open({ ...sentencePieceEntries(1), ...change });
      const ids = Tokenizer.fromMetadata(metadata).encode('x');
      expect(ids[0] === 1).toBe(model.tokens.shouldPrependBosToken);
      expect(ids.at(-1) === 2).toBe(model.tokens.shouldAppendEosToken);
      await model.dispose();
    }
  });
});

describe('a generation ends where llama.cpp ends it', () => {
  it.each([
    ['Llama 3', ['<|begin_of_text|>', '<|end_of_text|>', '<|eot_id|>', '<|eom_id|>', '<|python_tag|>'], {}],
    ['ChatML', ['<|endoftext|>', '<|im_start|>', '<|im_end|>'], {}],
    [
      'Qwen with gaps',
      ['<|endoftext|>', '<|im_end|>', '<|fim_pad|>', '<|repo_name|>', '<|file_sep|>', '<|fim_prefix|>'],
      {},
    ],
    ['Harmony', ['<|start|>', '<|end|>', '<|message|>', '<|channel|>', '<|constrain|>', '<|return|>', '<|call|>'], {}],
    ['Harmony whose file names another end', ['<|end|>', '<|return|>', '<|call|>'], { eos_token_id: '<|end|>' }],
    ['Phi', ['<|end|>', '<|endoftext|>', '<|user|>'], {}],
    ['Solar Open', ['<|end|>', '<|flush|>', '<|calls|>', '<|begin|>'], {}],
    ['Gemma', ['<eos>', '<start_of_turn>', '<end_of_turn>'], {}],
    ['Gemma 4', ['</s>', '<eos>', '<|turn>', '<turn|>', '<|tool_response>'], {}],
    ['Mistral', ['<s>', '</s>', '[INST]', '[/INST]'], {}],
    ['DeepSeek', ['<｜begin▁of▁sentence｜>', '<｜end▁of▁sentence｜>', '<｜User｜>'], {}],
    ['Granite', ['<|end_of_text|>', '<|start_of_role|>', '<fim_pad>', '<reponame>'], {}],
    ['others', ['<EOT>', '_<EOT>', '[EOT]', '[EOS]', '[e~[', '<end_of_utterance>', '[PAD]', '<REPO>'], {}],
    [
      'names of the file',
      ['first', 'second', 'third'],
      { eos_token_id: 'first', eot_token_id: 'second', eom_token_id: 'third' },
    ],
    [
      'gaps of the file',
      ['first', 'second', 'third'],
      { fim_pad_token_id: 'first', fim_rep_token_id: 'second', fim_sep_token_id: 'third' },
    ],
  ])('%s', async (_, marks, named) => {
    const tokens = [...byteAlphabet(), ...marks];
    const ids = Object.fromEntries(Object.entries(named).map(([key, token]) => [key, tokens.indexOf(token)]));
    const { metadata, model } = await open({
      ...{
        model: 'gpt2',
        pre: 'gpt-2',
        tokens,
        merges: ['a b'],
        bos_token_id: 0,
        eos_token_id: tokens.length - 1,
        ...ids,
      },
      token_type: [...byteAlphabet().map(() => TokenType.normal), ...marks.map(() => TokenType.control)],
    });
    const tokenizer = Tokenizer.fromMetadata(metadata);
    // node-llama-cpp's own method adds eos and eot, which llama.cpp leaves out of Harmony's.
    const { _model: inner } = model as unknown as { readonly _model: { isEogToken(id: number): boolean } };
    const theirs = tokens.filter((_, id) => inner.isEogToken(id));
    expect(tokens.filter((_, id) => tokenizer.eogIds.has(id))).toEqual(theirs);
    const shown = (id: number) => model.detokenize([id as never], false) !== '';
    for (const mark of marks) {
      const id = tokens.indexOf(mark);
      expect(tokenizer.decode([id], { skipSpecial: true }) !== '', mark).toBe(shown(id));
    }
    await model.dispose();
  });
});
