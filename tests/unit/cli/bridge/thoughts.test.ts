import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { type ScriptedBridge, scriptedBridge } from '../../../support/scripted-bridge.ts';
import { readAll, user } from '../../../support/scripted-engine.ts';

// A model that thinks in a channel of its own, as gpt-oss, by the stock clients.

const THOUGHT = '<|channel|>analysis<|message|>France.<|end|><|start|>assistant';
const ANSWER = `${THOUGHT}<|channel|>final<|message|>Paris.`;
const CALL = `${THOUGHT}<|channel|>commentary to=functions.look_up <|constrain|>json<|message|>{"of": "France"}`;
const parameters = { type: 'object', properties: { of: { type: 'string' } }, required: ['of'] };
const ask = { model: 'Tiny', input: 'Capital of France?' };

let bridge: ScriptedBridge;
async function serve(...texts: string[]): Promise<OpenAI> {
  bridge = await scriptedBridge(texts, { contextLength: 4096, toolFormat: 'channels' });
  return new OpenAI({ baseURL: bridge.url, apiKey: 'none', maxRetries: 0 });
}
afterEach(() => bridge.close());

describe('what a model says to itself', () => {
  it('is no content of a chat completion', async () => {
    const client = await serve(ANSWER);
    const { choices } = await client.chat.completions.create({ model: 'Tiny', messages: user('Capital of France?') });
    expect(choices[0]!.message).toMatchObject({ content: 'Paris.', reasoning_content: 'France.' });
  });

  it('is none where tags mark it, either', async () => {
    const client = await serve('<think>\nFrance.\n</think>\n\nParis.');
    const ask = { model: 'Tiny', messages: user('Capital of France?') };
    expect((await client.chat.completions.create(ask)).choices[0]!.message.content).toBe('Paris.');
    const chunks = await readAll(await client.chat.completions.create({ ...ask, stream: true }));
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('Paris.');
  });

  it('is an item of a response, and its events', async () => {
    const client = await serve(ANSWER);
    const response = await client.responses.create(ask);
    expect(response.output_text).toBe('Paris.');
    expect(response.output).toMatchObject([
      { type: 'reasoning', content: [{ type: 'reasoning_text', text: 'France.' }] },
      { type: 'message' },
    ]);
    const stream = await client.responses.stream(ask).finalResponse();
    expect(stream.output_text).toBe('Paris.');
    expect(stream.output[0]).toMatchObject({ type: 'reasoning', content: [{ text: 'France.' }] });
    const events = await readAll(await client.responses.create({ ...ask, stream: true }));
    const deltas = events.filter((event) => event.type === 'response.reasoning_text.delta');
    expect(deltas.map(({ delta }) => delta).join('')).toBe('France.');
  });

  it('goes with the call that it led to', async () => {
    const client = await serve(CALL, ANSWER);
    const tools = [{ type: 'function' as const, name: 'look_up', parameters, strict: false }];
    const { output } = await client.responses.create({ ...ask, tools });
    expect(output).toMatchObject([{ type: 'reasoning' }, { type: 'function_call', arguments: '{"of": "France"}' }]);
    const call = output.find((item) => item.type === 'function_call')!;
    const result = { type: 'function_call_output' as const, call_id: call.call_id, output: 'Paris' };
    const input = [...user('Capital of France?'), ...output, result] as OpenAI.Responses.ResponseInput;
    expect((await client.responses.create({ ...ask, input, tools })).output_text).toBe('Paris.');
  });

  it('is none of a message of Anthropic’s', async () => {
    await serve(ANSWER);
    const client = new Anthropic({ baseURL: bridge.origin, apiKey: 'none', maxRetries: 0 });
    const request = { model: 'Tiny', max_tokens: 100, messages: user('Capital of France?') };
    expect((await client.messages.create(request)).content).toEqual([{ type: 'text', text: 'Paris.' }]);
    expect(await client.messages.stream(request).finalText()).toBe('Paris.');
  });
});
