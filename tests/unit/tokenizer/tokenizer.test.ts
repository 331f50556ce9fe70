import { describe, expect, it } from 'vitest';
import type { Metadata, MetadataValue } from '../../../src/core/metadata.ts';
import { Tokenizer } from '../../../src/tokenizer/index.ts';
import { preTokenizerOf } from '../../../src/tokenizer/pre-tokenizers.ts';
import { wordSplitter } from '../../../src/tokenizer/word-splitter.ts';
import { defaultMetadata } from '../../support/default-tokenizer.ts';

/** Token, type, score. */
type Row = readonly [string, number, number];
const BYTES: readonly Row[] = Array.from({ length: 256 }, (_, byte) => [
  `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  6,
  0,
]);
const ROWS: readonly Row[] = [
  ['<unk>', 2, 0],
  ['<s>', 3, 0],
  ['</s>', 3, 0],
  ...BYTES,
  ['▁h', 1, -1],
  ['el', 1, -2],
  ['lo', 1, -3],
  ['ell', 1, -4],
  ['▁hello', 1, -5],
  ['ello', 1, -6],
  ['aa', 1, -7],
  ['aaa', 1, -8],
  ['ba', 1, -11],
  ['ab', 1, -11],
  ['[INST]', 4, 0],
  ['[INST]b', 4, 0],
  ['<|im_end|>', 1, -12],
  ...[...'▁abehlos/<>'].map((character): Row => [character, 1, -100]),
  ['</', 1, -9],
  ['s>', 1, -10],
  ['▁', 5, -1000],
];

function llama(change: Record<string, MetadataValue> = {}): Tokenizer {
  const rows = ROWS.slice(0, -1);
  const entries: Record<string, MetadataValue> = {
    model: 'llama',
    tokens: rows.map(([token]) => token),
    token_type: rows.map(([, type]) => type),
    scores: rows.map(([, , score]) => score),
    ...change,
  };
  return Tokenizer.fromMetadata(
    new Map(Object.entries(entries).map(([key, value]) => [`tokenizer.ggml.${key}`, value])),
  );
}

const id = (token: string): number => ROWS.findIndex(([text]) => text === token);
const byte = (value: number): number => 3 + value;

describe('a llama tokenizer', () => {
  const plain = llama({ add_bos_token: false });

  it('merges the highest score first', () => {
    // "el" (-2) before "lo" (-3), so "ell" and then "ello"; "▁h" (-1) stays, as "▁hello" needs "▁h" + "ello".
    expect(plain.encode('hello')).toEqual([id('▁hello')]);
    expect(plain.encode('hell')).toEqual([id('▁h'), id('ell')]);
    expect(plain.encode('hlo')).toEqual([id('▁h'), id('lo')]);
  });

  it('merges the leftmost of equal pairs', () => {
    expect(plain.encode('aba')).toEqual([id('▁'), id('ab'), id('a')]);
    expect(plain.encode('bab')).toEqual([id('▁'), id('ba'), id('b')]);
    expect(plain.encode('aaaaa')).toEqual([id('▁'), id('aa'), id('aaa')]);
  });

  it('puts a space before a text, where the file says so', () => {
    expect(plain.encode('b')).toEqual([id('▁'), id('b')]);
    expect(llama({ add_bos_token: false, add_space_prefix: false }).encode('b')).toEqual([id('b')]);
  });

  it('falls back to bytes, and puts them together again', () => {
    expect(plain.encode('é\n')).toEqual([id('▁'), byte(0xc3), byte(0xa9), byte(0x0a)]);
    expect(plain.decode(plain.encode('é\n'))).toBe('é\n');
    const detokenizer = plain.detokenizer();
    expect([byte(0xc3), byte(0xa9)].map((token) => detokenizer.push(token))).toEqual(['', 'é']);
  });

  it('takes the space away again that it has put', () => {
    expect(plain.decode(plain.encode(' hello  hello'))).toBe(' hello  hello');
    expect(plain.detokenizer().push(id('▁hello'))).toBe(' hello');
  });

  it('adds the beginning once, and the end where asked', () => {
    expect(llama().encode('hello')).toEqual([1, id('▁hello')]);
    expect(llama().encode('hello', { addSpecial: false })).toEqual([id('▁hello')]);
    expect(llama().encode('<s>hello', { parseSpecial: true })).toEqual([1, id('▁hello')]);
    expect(llama({ add_eos_token: true }).encode('hello')).toEqual([1, id('▁hello'), 2]);
  });

  it('never makes a control token of ordinary text', () => {
    // "</" and "s>" are tokens, and their union is the end token.
    expect(plain.encode('</s>')).toEqual([id('▁'), id('</'), id('s>')]);
    expect(plain.encode('</s>', { parseSpecial: true })).toEqual([2]);
    expect(plain.eogIds).toContain(2);
  });

  it('takes user-defined tokens from any text, and shows them', () => {
    const ids = [id('▁h'), id('[INST]'), id('▁h')];
    expect(plain.encode('h[INST]h')).toEqual(ids);
    expect(plain.decode([...ids, 2], { skipSpecial: true })).toBe('h[INST] h');
    expect(plain.decode([...ids, 2])).toBe('h[INST] h</s>');
  });

  it('takes the longest special token at a place', () => {
    expect(plain.encode('[INST]bb')).toEqual([id('[INST]b'), id('▁'), id('b')]);
  });

  it('knows end tokens that the file calls ordinary', () => {
    expect(plain.eogIds).toContain(id('<|im_end|>'));
    expect(plain.encode('<|im_end|>', { parseSpecial: true })).toEqual([id('<|im_end|>')]);
    expect(plain.decode([id('b'), id('<|im_end|>')], { skipSpecial: true })).toBe('b');
  });

  it('has an unknown token where it has no bytes', () => {
    const rows = ROWS.slice(0, -1).filter(([, type]) => type !== 6);
    const small = llama({
      add_bos_token: false,
      tokens: rows.map(([token]) => token),
      token_type: rows.map(([, type]) => type),
      scores: rows.map(([, , score]) => score),
    });
    expect(small.encode('é')).toEqual([rows.findIndex(([token]) => token === '▁'), 0]);
  });
});

describe('pre-tokenizers', () => {
  it('cut words as their families do', async () => {
    const base = new Map(await defaultMetadata());
    const words = (pre: string, text: string): number => {
      const metadata: Metadata = new Map(base).set('tokenizer.ggml.pre', pre).set('tokenizer.ggml.merges', []);
      // Without merges every byte is a token: the sum of words shows only where `ignoreMerges` takes words whole.
      return Tokenizer.fromMetadata(metadata).encode(text, { addSpecial: false }).length;
    };
    expect(words('gpt-2', ' hello')).toBe(6);
    expect(words('llama-bpe', ' hello')).toBe(1);
    expect(words('tekken', ' hello')).toBe(1);
  });

  it.each([
    ['gpt-2', "it's 123  go", ['it', "'s", ' 123', ' ', ' go']],
    ['smollm', "it's 123  go", ['it', "'s", ' ', '1', '2', '3', ' ', ' go']],
    ['llama-bpe', "IT'S 12345\n\n go!", ['IT', "'S", ' ', '123', '45', '\n\n', ' go', '!']],
    ['qwen2', '12 你好。\n', ['1', '2', ' 你好', '。\n']],
    ['tekken', 'HelloWorld/\n12', ['Hello', 'World', '/\n', '1', '2']],
    ['gpt-4o', "HelloWORLD's 1234", ['Hello', "WORLD's", ' ', '123', '4']],
    ['deepseek-v3', '你好world .env', ['你好', 'world', ' .', 'env']],
    ['default', 'a$b 1234', ['a', '$', 'b', ' ', '123', '4']],
    ['falcon', 'x, 1234', ['x', ',', ' ', '123', '4']],
    ['bloom', 'one, two', ['one', ',', ' two']],
  ])('%s cuts %j', (pre, text, pieces) => {
    expect(wordSplitter(preTokenizerOf(pre))(text)).toEqual(pieces);
  });

  it('are refused by name when unknown', () => {
    expect(() => preTokenizerOf('martian')).toThrow(
      expect.objectContaining({ code: 'bad-gguf', message: expect.stringContaining('"martian"') }),
    );
  });
});

describe('a file’s tokenizer', () => {
  it.each([
    [{ model: 'bert' }, 'the tokenizer "bert"'],
    [{ tokens: [] }, 'tokenizer.ggml.tokens'],
    [{ tokens: [1, 2] }, 'tokenizer.ggml.tokens'],
    [{ scores: [1] }, 'tokenizer.ggml.scores'],
    [{ token_type: 'none' }, 'tokenizer.ggml.token_type'],
  ])('%j is refused', (change, words) => {
    expect(() => llama(change as Record<string, MetadataValue>)).toThrow(
      expect.objectContaining({ code: 'bad-gguf', message: expect.stringContaining(words) }),
    );
  });

  it('is missed', () => {
    expect(() => Tokenizer.fromMetadata(new Map())).toThrow(expect.objectContaining({ code: 'bad-gguf' }));
  });

  it('ignores special ids out of range', () => {
    expect(llama({ bos_token_id: 100_000 }).encode('hello')).toEqual([id('▁hello')]);
  });
});
