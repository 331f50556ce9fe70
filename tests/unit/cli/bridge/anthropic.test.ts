import Anthropic from '@anthropic-ai/sdk';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ScriptedBridge, scriptedBridge } from '../../../support/scripted-bridge.ts';
import { readAll, tokenizer, user } from '../../../support/scripted-engine.ts';

// Anthropic's own client, as apps use it.

const TEXT = 'The capital of France is Paris.';

let bridge: ScriptedBridge;
let client: Anthropic;
beforeEach(async () => {
  bridge = await scriptedBridge([TEXT]);
  client = new Anthropic({ baseURL: bridge.origin, apiKey: 'none', maxRetries: 0 });
});
afterEach(() => bridge.close());

const ask = { model: 'Tiny', max_tokens: 20, messages: user('Capital of France?') };

it('answers whole', async () => {
  bridge.generator.reusedTokens = 10;
  const message = await client.messages.create({
    ...ask,
    ...{ system: 'Be brief.', temperature: 0, top_p: 0.5, top_k: 5 },
  });
  expect(message).toMatchObject({
    ...{ type: 'message', role: 'assistant', model: 'Tiny', content: [{ type: 'text', text: TEXT }] },
    ...{ stop_reason: 'end_turn', stop_sequence: null },
  });
  const { promptIds, maxTokens, sampling } = bridge.generator.requests[0]!;
  expect(message.usage).toMatchObject({ input_tokens: promptIds.length, output_tokens: 7 });
  expect(tokenizer.decode(promptIds)).toContain('system\nBe brief.');
  expect({ maxTokens, ...sampling }).toMatchObject({ maxTokens: 20, temperature: 0, topP: 0.5, topK: 5 });
});

it('streams events that the client’s own helper puts together', async () => {
  const events = await readAll(await client.messages.create({ ...ask, stream: true }));
  expect(events.map(({ type }) => type).filter((type, place, all) => type !== all[place - 1])).toEqual([
    ...['message_start', 'content_block_start', 'content_block_delta', 'content_block_stop'],
    ...['message_delta', 'message_stop'],
  ]);
  const final = await client.messages.stream(ask).finalMessage();
  expect(final).toMatchObject({ content: [{ text: TEXT }], stop_reason: 'end_turn', usage: { output_tokens: 7 } });
  expect(events[0]).toMatchObject({ message: { usage: { input_tokens: final.usage.input_tokens } } });
});

it('says why it stopped', async () => {
  const cut = await client.messages.create({ ...ask, max_tokens: 2 });
  expect(cut).toMatchObject({ stop_reason: 'max_tokens', content: [{ text: 'The capital' }] });
  const stopped = await client.messages.create({ ...ask, stop_sequences: ['xyz', ' is'] });
  expect(stopped).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: ' is' });
  expect(stopped.content).toEqual([{ type: 'text', text: 'The capital of France' }]);
});

it('reads blocks, turns of one role, and a beginning of the answer', async () => {
  const block = (text: string) => ({ type: 'text' as const, text, cache_control: { type: 'ephemeral' as const } });
  await client.messages.create({
    ...ask,
    system: [block('Be brief.'), block('Be kind.')],
    messages: [...user('One'), { role: 'user', content: [block('Two')] }, { role: 'assistant', content: 'Well,' }],
  });
  expect(tokenizer.decode(bridge.generator.requests[0]!.promptIds)).toBe(
    '<|im_start|>system\nBe brief.\nBe kind.<|im_end|>\n<|im_start|>user\nOne\nTwo<|im_end|>\n<|im_start|>assistant\nWell,',
  );
});

it('counts tokens as it then reads them', async () => {
  const { input_tokens } = await client.messages.countTokens({ model: 'Tiny', messages: ask.messages });
  const { usage } = await client.messages.create(ask);
  expect(input_tokens).toBe(usage.input_tokens);
});

it('refuses in Anthropic’s shape, by name', async () => {
  const wrongs: [object, string][] = [
    [{ top_k: -5 }, 'top_k'],
    [{ tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, 'tools[0].type'],
    [{ tools: [{ name: 'f g', input_schema: { type: 'object' } }] }, 'tools[0].function.name'],
    [{ thinking: { type: 'enabled', budget_tokens: 1024 } }, 'thinking.type'],
    [{ messages: [] }, 'messages'],
    [{ max_tokens: 0 }, 'max_tokens'],
    [{ temperature: 9 }, 'temperature'],
    [{ messages: [{ role: 'user', content: [{ type: 'image', source: {} }] }] }, 'messages[0].content[0].type'],
  ];
  for (const [wrong, field] of wrongs)
    await expect(client.messages.create({ ...ask, ...wrong }), field).rejects.toMatchObject({
      status: 400,
      error: {
        type: 'error',
        error: { type: 'invalid_request_error', message: expect.stringContaining(`"${field}"`) },
      },
    });
  await expect(client.messages.create({ ...ask, model: 'claude' })).rejects.toMatchObject({
    status: 404,
    error: { error: { type: 'not_found_error' } },
  });
});

it('tells a failure in the middle of a stream', async () => {
  bridge.generator.onStep = (step) => {
    if (step === 2) throw new Error('out of luck');
  };
  await expect(client.messages.stream(ask).finalMessage()).rejects.toThrow('out of luck');
});

it('lists its model', async () => {
  expect(await readAll(await client.models.list())).toMatchObject([
    { id: 'Tiny', type: 'model', display_name: 'Tiny' },
  ]);
});
