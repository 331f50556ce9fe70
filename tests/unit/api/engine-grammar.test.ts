import { describe, expect, it } from 'vitest';
import { ShoalEngine } from '../../../src/api/index.ts';
import { LocalModelText } from '../../../src/tokenizer/index.ts';
import { GrammarWalker } from '../../support/grammar-walker.ts';
import { localGrammars } from '../../support/local-grammars.ts';
import { tokenizer, user } from '../../support/scripted-engine.ts';

const messages = user('Go on.');
const schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };

function walking() {
  const generator = new GrammarWalker(tokenizer, 3);
  const engine = new ShoalEngine({
    generator,
    text: async () => new LocalModelText(tokenizer),
    grammars: localGrammars(tokenizer.data),
    modelId: () => 'Walker',
    contextLength: () => 4096,
  });
  const ask = async (response_format: unknown, rest: object = {}) => {
    const { choices } = await engine.chatCompletion({ messages, response_format, ...rest } as never);
    return choices.map(({ message, finish_reason }) => ({ text: message.content!, finish_reason }));
  };
  return { ask, engine, generator };
}

describe('a response format', () => {
  it.each([
    [{ type: 'json_schema', json_schema: { name: 'n', schema, strict: true } }],
    [{ type: 'json_schema', json_schema: { name: 'n', schema } }],
    [{ type: 'json_object', schema: JSON.stringify(schema) }],
  ])('%j: the answer is an object of the schema', async (format) => {
    const [{ text, finish_reason } = { text: '', finish_reason: '' }] = await walking().ask(format);
    expect(Object.entries(JSON.parse(text))).toEqual([['n', expect.any(Number)]]);
    expect(finish_reason).toBe('stop');
  });

  it('of any JSON object gives one, each choice its own', async () => {
    const answers = await walking().ask({ type: 'json_object' }, { n: 3 });
    expect(answers.map(({ text }) => typeof JSON.parse(text))).toEqual(['object', 'object', 'object']);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(3);
  });

  it('in EBNF gives a text of its root', async () => {
    const [answer] = await walking().ask({ type: 'grammar', grammar: 'root ::= ("yes" | "no") "!"' });
    expect(answer!.text).toMatch(/^(yes|no)!$/);
  });

  it('holds though the request asks to go on behind the end', async () => {
    const [answer] = await walking().ask({ type: 'grammar', grammar: 'root ::= "yes"' }, { ignore_eos: true });
    expect(answer).toEqual({ text: 'yes', finish_reason: 'stop' });
  });

  it('goes on behind what an earlier run has said', async () => {
    const { engine } = walking();
    const ids = tokenizer.encode('{"n": 1', { addSpecial: false });
    const begun = { promptIds: [1, 2, 3], ids };
    let text = '';
    const format = { type: 'json_object', schema: JSON.stringify(schema) } as const;
    const chunks = engine.keptChatCompletion(
      { messages, response_format: format, stream: true },
      { begun, onProgress: () => undefined },
    );
    for await (const chunk of chunks) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toMatch(/^\{"n": 1\d*\}$/);
  });

  it.each([[{ type: 'text' }], [{}], [null]])('%j asks for nothing', async (format) => {
    const { engine, generator } = walking();
    await expect(engine.chatCompletion({ messages, response_format: format } as never)).rejects.toThrow();
    expect(generator.requests[0]!.constraint).toBeUndefined();
  });

  it.each([
    [{ type: 'yaml' }, '"response_format.type" is wrong'],
    ['json', '"response_format" is wrong'],
    [{ type: 'grammar' }, '"response_format.grammar" is wrong'],
    [{ type: 'json_schema' }, '"response_format.json_schema" is wrong'],
    [{ type: 'json_schema', json_schema: { name: 'x' } }, '"response_format.json_schema.schema" is wrong'],
    [{ type: 'json_object', schema: '{' }, '"response_format.schema" is no JSON'],
    [{ type: 'json_schema', json_schema: { schema: { not: {} }, strict: true } }, 'has "not", to which answers cannot'],
    [{ type: 'json_object', schema: '{"type":"frob"}' }, 'Unsupported type "frob"'],
    [{ type: 'grammar', grammar: 'root ::= [' }, 'EBNF grammar cannot be used'],
    [{ type: 'structural_tag', structural_tag: { type: 'structural_tag' } }, 'structural tag cannot be used'],
  ])('%j is refused with the reason', async (format, words) => {
    const { ask, generator } = walking();
    await expect(ask(format)).rejects.toMatchObject({ code: 'bad-request', message: expect.stringContaining(words) });
    expect(generator.requests).toEqual([]);
  });
});
