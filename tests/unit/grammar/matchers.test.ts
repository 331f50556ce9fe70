import { describe, expect, it } from 'vitest';
import type { AnswerGrammar } from '../../../src/grammar/answer-grammar.ts';
import { defaultTokenizer } from '../../support/default-tokenizer.ts';
import { localGrammars } from '../../support/local-grammars.ts';

const tokenizer = await defaultTokenizer();
const grammars = localGrammars(tokenizer.data);

/** What may follow a text: each of the texts that is one token, or `end`. */
async function allowedAfter(grammar: AnswerGrammar, said: string, texts: readonly string[]): Promise<string[] | 'end'> {
  const follower = await grammars.follow(grammar);
  try {
    const ids = tokenizer.encode(said, { addSpecial: false });
    const allowed = await follower.allowed(ids);
    if (allowed === 'end') return 'end';
    return texts.filter((text) => {
      const [id] = tokenizer.encode(text, { addSpecial: false, parseSpecial: true });
      return (allowed[id! >> 5]! >>> (id! % 32)) & 1;
    });
  } finally {
    follower.close();
  }
}

describe('a grammar', () => {
  const TEXTS = ['{', '[', '"', 'a', '7', ' ', '}', '<|im_end|>', '<|im_start|>'];

  it('of any JSON object begins with one, and ends with it', async () => {
    expect(await allowedAfter({ kind: 'object' }, '', TEXTS)).toEqual(['{']);
    expect(await allowedAfter({ kind: 'object' }, '{"a": 7', TEXTS)).toEqual(['7', '}']);
    expect(await allowedAfter({ kind: 'object' }, '{"a": 7}', TEXTS)).toBe('end');
  });

  it('has no mark of the model in a text, and any other token', async () => {
    expect(await allowedAfter({ kind: 'object' }, '{"', TEXTS)).toEqual(['{', '[', '"', 'a', '7', ' ', '}']);
  });

  it('of a schema allows its properties alone, on one line', async () => {
    const schema = '{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}';
    expect(await allowedAfter({ kind: 'schema', schema }, '{"', ['a', 'b', '"'])).toEqual(['a']);
    expect(await allowedAfter({ kind: 'schema', schema }, '{"a":', [' ', '\n', '7'])).toEqual([' ']);
    expect(await allowedAfter({ kind: 'schema', schema }, '{"a": 7', ['7', '}', ','])).toEqual(['7', '}']);
  });

  it('of an answer behind a thought has one or none, and then the answer', async () => {
    const [begin, end] = ['<think>', '</think>'];
    const schema = '{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}';
    const thought = { begin, end, optional: true };
    const grammar = { kind: 'thought-first', thought, begin: 'Answer: ', schema } as const;
    expect(await allowedAfter(grammar, '', [...TEXTS, '<', 'A'])).toEqual(['<', 'A']);
    expect(await allowedAfter(grammar, '<think>{Hm', TEXTS.slice(0, 7))).toEqual(TEXTS.slice(0, 7));
    expect(await allowedAfter(grammar, '<think>Hm.</think>', [...TEXTS, 'A'])).toEqual(['A']);
    expect(await allowedAfter(grammar, 'Answer: {"a":', [' ', '\n', '7'])).toEqual([' ']);
    expect(await allowedAfter(grammar, '<think>Hm.</think>Answer: {"a": 7}', TEXTS)).toBe('end');
    const begun = { ...grammar, thought: { begin: '', end, optional: false } };
    expect(await allowedAfter(begun, '', ['a', '{', '"'])).toEqual(['a', '{', '"']);
    expect(await allowedAfter(begun, 'Hm.</think>', [...TEXTS, 'A'])).toEqual(['A']);
    expect(await allowedAfter(begun, 'Hm.</think>Answer: {"a": 7}', TEXTS)).toBe('end');
  });

  it('in EBNF begins at its root, and may end where it says', async () => {
    const rules = 'root ::= "a" [0-9]? tail\ntail ::= "a"+';
    expect(await allowedAfter({ kind: 'ebnf', rules }, 'a', TEXTS)).toEqual(['a', '7']);
    expect(await allowedAfter({ kind: 'ebnf', rules }, 'aa', TEXTS)).toEqual(['a', '<|im_end|>']);
  });

  it('of tags binds what is between them, and nothing before', async () => {
    const schema = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] };
    const tag = { type: 'tag', begin: '<f>', content: { type: 'json_schema', json_schema: schema }, end: '</f>' };
    const structuralTag = JSON.stringify({
      type: 'structural_tag',
      format: { type: 'triggered_tags', triggers: ['<f'], tags: [tag] },
    });
    expect(await allowedAfter({ kind: 'tags', structuralTag }, 'Well', ['a', '7', '<'])).toEqual(['a', '7', '<']);
    expect(await allowedAfter({ kind: 'tags', structuralTag }, 'Well <f>', ['a', '7', '{'])).toEqual(['{']);
  });

  it('of calls is free until one begins, and then bound to one, on one line', async () => {
    const call = {
      trigger: '<call>',
      begin: '<call>{"name": "f", "arguments": ',
      arguments: { kind: 'json', schema: '{"type":"object"}' },
      end: '}</call>',
    } as const;
    const calls = { kind: 'calls', calls: [call], required: false, once: false } as const;
    const texts = ['a', '7', '{', '}', '\n', '<|im_end|>'];
    expect(await allowedAfter(calls, 'Well ', texts)).toEqual(texts);
    expect(await allowedAfter(calls, 'Well <call>', texts)).toEqual(['{']);
    expect(await allowedAfter(calls, '<call>{"name": "f", "arguments": {', texts)).toEqual(['}']);
    expect(await allowedAfter(calls, '<call>{"name": "f", "arguments": {}}</call>', texts)).toEqual(texts);
    expect(await allowedAfter({ ...calls, required: true }, '', [...texts, '<'])).toEqual(['<']);
    const ended = '<call>{"name": "f", "arguments": {}}</call>';
    expect(await allowedAfter({ ...calls, once: true }, ended, texts)).toBe('end');
  });

  it.each<[AnswerGrammar, RegExp]>([
    [{ kind: 'schema', schema: '{"type":"frob"}' }, /JSON schema cannot be used: Unsupported type "frob"$/],
    [{ kind: 'schema', schema: '[]' }, /should be an object or bool/],
    [{ kind: 'schema', schema: '{"$ref":"#/$defs/none"}' }, /Cannot find field/],
    [{ kind: 'ebnf', rules: 'start ::= "a"' }, /EBNF grammar cannot be used: .*"root" is not found$/],
    [{ kind: 'ebnf', rules: 'root ::= "a' }, /line 1, column 12/],
    [
      { kind: 'tags', structuralTag: '{"type":"structural_tag"}' },
      /structural tag cannot be used: it does not have the form of one/,
    ],
  ])('that is none says why: %j', async (grammar, why) => {
    await expect(grammars.follow(grammar)).rejects.toMatchObject({
      code: 'bad-request',
      message: expect.stringMatching(why),
    });
  });
});
