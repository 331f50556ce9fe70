import { describe, expect, it } from 'vitest';
import { tellTools } from '../../../src/api/structured/told-tools.ts';
import { readAll, scriptedEngineOf, tokenizer, user } from '../../support/scripted-engine.ts';

const messages = user('What is the capital of France?');
const THOUGHT = '<|channel|>analysis<|message|>France. Easy.<|end|><|start|>assistant';
const FINAL = '<|channel|>final<|message|>Paris.';
const tools = [
  {
    type: 'function',
    function: { name: 'look_up', parameters: { type: 'object', properties: { of: { type: 'string' } } } },
  },
] as const;

/** A model with channels that says this. */
const saying = (text: string) => scriptedEngineOf([text], 4096, 'channels').engine;

/** Of the first choice. */
async function ask(text: string, request: object = {}) {
  const { choices } = await saying(text).chatCompletion({ messages, ...request } as never);
  const { message, finish_reason, logprobs } = choices[0]!;
  return { message: message as typeof message & { reasoning_content?: string }, finish_reason, logprobs };
}

describe('a conversation with a model that has channels', () => {
  it('reminds it of what it thought before a call, and of nothing else; every function is described', () => {
    const call = { id: 'a', type: 'function', function: { name: 'look_up', arguments: {} } } as const;
    const told = tellTools(
      {
        kind: 'chat',
        messages: [
          { role: 'assistant', content: 'Yes.', reasoning_content: 'No?' },
          { role: 'assistant', content: '', reasoning_content: 'France.', tool_calls: [call] },
        ],
        options: { tools },
      },
      'channels',
    );
    expect(told).toMatchObject({
      messages: [
        { role: 'assistant', content: 'Yes.' },
        { role: 'assistant', content: 'France.', tool_calls: [call] },
      ],
      options: { tools: [{ function: { name: 'look_up', description: '' } }] },
    });
    expect(JSON.stringify(told)).not.toContain('reasoning_content');
  });
});

describe('an answer that begins with a thought in tags', () => {
  const text = '<think>\nFrance.\n</think>\n\nParis.';

  it('is WebLLM’s text, unless the request wants it apart', async () => {
    expect((await ask(text)).message).toEqual({ role: 'assistant', content: text });
    const apart = await ask(text, { extra_body: { thoughts_apart: true } });
    expect(apart.message).toEqual({ role: 'assistant', content: 'Paris.', reasoning_content: 'France.' });
  });

  it('is not ended by a stop text in its thought', async () => {
    const { message, finish_reason } = await ask('<think>A. B.</think>C. D.', {
      stop: ['. D', '. B'],
      extra_body: { thoughts_apart: true },
    });
    expect(message).toEqual({ role: 'assistant', content: 'C', reasoning_content: 'A. B.' });
    expect(finish_reason).toBe('stop');
  });

  it('is in its thought from the beginning where the prompt’s end has begun it', async () => {
    const { engine } = scriptedEngineOf(['France.\n</think>\n\nParis.'], 4096, 'none', 'Go on. <think>\n');
    const { choices } = await engine.chatCompletion({ messages, extra_body: { thoughts_apart: true } } as never);
    expect(choices[0]!.message).toMatchObject({ content: 'Paris.', reasoning_content: 'France.' });
  });
});

describe('an answer that has a form, where the prompt’s end has begun a thought', () => {
  const ask = async (text: string, response_format: object) => {
    const { engine } = scriptedEngineOf([text], 4096, 'none', 'Go on. <think>\n');
    const request = { messages, response_format, extra_body: { thoughts_apart: true } };
    return (await engine.chatCompletion(request as never)).choices[0]!.message;
  };

  it('ends the thought first', async () => {
    expect(await ask('Hm.\n</think>\n\n{"a": 1}', { type: 'json_object' })).toMatchObject({
      content: '{"a": 1}',
      reasoning_content: 'Hm.',
    });
  });

  it('is no thought where the form leaves no room for its end', async () => {
    expect(await ask('yes', { type: 'grammar', grammar: 'root ::= "yes"' })).toMatchObject({ content: 'yes' });
  });
});

describe('an answer with calls behind text that may begin a mark', () => {
  it('has the text first', async () => {
    const call = '<tool_call>\n{"name": "look_up", "arguments": {"of": "x"}}\n</tool_call>';
    const { engine } = scriptedEngineOf([`<${call}`], 4096, 'tags');
    const chunks = await readAll(await engine.chatCompletion({ messages, tools: [...tools] as never, stream: true }));
    const deltas = chunks.map(({ choices }) => choices[0]!.delta);
    expect(deltas[0]).toMatchObject({ content: '<' });
    expect(deltas[1]).toHaveProperty('tool_calls');
  });
});

describe('an answer in channels', () => {
  it('is its final part, beside what the model says to itself', async () => {
    const { message, finish_reason } = await ask(THOUGHT + FINAL);
    expect(message).toEqual({ role: 'assistant', content: 'Paris.', reasoning_content: 'France. Easy.' });
    expect(finish_reason).toBe('stop');
  });

  it('is streamed as it is made', async () => {
    const chunks = await readAll(await saying(THOUGHT + FINAL).chatCompletion({ messages, stream: true }));
    const deltas = chunks.map(({ choices }) => choices[0]!.delta as { content?: string; reasoning_content?: string });
    expect(deltas.map(({ reasoning_content = '' }) => reasoning_content).join('')).toBe('France. Easy.');
    expect(deltas.map(({ content = '' }) => content).join('')).toBe('Paris.');
    expect(deltas.every(({ content, reasoning_content }) => !(content && reasoning_content))).toBe(true);
  });

  it('has probabilities of its text alone', async () => {
    const { logprobs } = await ask(THOUGHT + FINAL, { logprobs: true });
    expect(logprobs!.content!.map(({ token }) => token).join('')).toBe('Paris.');
  });

  it('is kept as it was said, to go on from there', async () => {
    const kept = saying(THOUGHT + FINAL).keptChatCompletion({ messages }, { begun: undefined, onProgress: () => {} });
    const text = (await readAll(kept)).map(({ choices }) => choices[0]?.delta.content ?? '').join('');
    expect(text).toBe(THOUGHT + FINAL);
  });

  it('is all of the text where a prompt is completed', async () => {
    const { choices } = await saying(FINAL).completion({ prompt: 'Say it.' });
    expect(choices[0]!.text).toBe(FINAL);
  });

  it('has probabilities of text that looks like a mark at first', async () => {
    const { logprobs } = await ask(`${THOUGHT}<|channel|>final<|message|>x <b>y</b> <|en`, { logprobs: true });
    expect(logprobs!.content!.map(({ token }) => token).join('')).toBe('x <b>y</b> <|en');
  });

  it('calls a function at once, too', async () => {
    const text = ' to=functions.look_up<|channel|>commentary json<|message|>{"of": "France"}';
    const { message, finish_reason } = await ask(text, { tools });
    expect(finish_reason).toBe('tool_calls');
    expect(message).toMatchObject({ content: null, tool_calls: [{ function: { arguments: '{"of": "France"}' } }] });
  });

  it.each([
    ['behind its channel', '<|channel|>commentary to=functions.look_up <|constrain|>json<|message|>'],
    ['behind another', '<|channel|>analysis to=functions.look_up <|constrain|>json<|message|>'],
    ['before it', ' to=functions.look_up<|channel|>commentary json<|message|>'],
  ])('calls a function where a part names it %s', async (_, begin) => {
    const { message, finish_reason } = await ask(`${THOUGHT}${begin}{"of": "France"}`, { tools });
    expect(finish_reason).toBe('tool_calls');
    expect(message).toMatchObject({
      content: null,
      reasoning_content: 'France. Easy.',
      tool_calls: [{ function: { name: 'look_up', arguments: '{"of": "France"}' } }],
    });
  });

  it('is held to a schema in its final part', async () => {
    const response_format = { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' } } };
    const { engine, generator } = scriptedEngineOf([`${THOUGHT}<|channel|>final<|message|>{}`], 4096, 'channels');
    let first: Uint32Array | 'end' = 'end';
    generator.onStep = async (step) => {
      if (step === 0) first = await generator.requests[0]!.constraint!.allowed([]);
    };
    const { choices } = await engine.chatCompletion({ messages, response_format } as never);
    expect(choices[0]!.message).toMatchObject({ content: '{}', reasoning_content: 'France. Easy.' });
    const mayBegin = (text: string) => {
      const [id] = tokenizer.encode(text, { addSpecial: false });
      return ((first as Uint32Array)[id! >> 5]! >>> (id! % 32)) & 1;
    };
    expect(['<', '{'].map(mayBegin)).toEqual([1, 0]);
  });
});
