import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, streamText } from 'ai';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ScriptedBridge, scriptedBridge } from '../../../support/scripted-bridge.ts';
import { readAll } from '../../../support/scripted-engine.ts';

// The AI SDK, as apps of many frameworks use it.

const TEXT = 'The capital of France is Paris.';

let bridge: ScriptedBridge;
beforeEach(async () => {
  bridge = await scriptedBridge([TEXT]);
});
afterEach(() => bridge.close());

const model = () => createOpenAICompatible({ name: 'shoal', baseURL: bridge.url, includeUsage: true })('Tiny');

it('answers whole', async () => {
  const { text, finishReason, usage } = await generateText({
    model: model(),
    prompt: 'Capital of France?',
    system: 'Hi',
  });
  expect({ text, finishReason }).toEqual({ text: TEXT, finishReason: 'stop' });
  expect(usage).toMatchObject({ outputTokens: 7 });
});

it('streams', async () => {
  const answer = streamText({ model: model(), prompt: 'Capital of France?', temperature: 0, seed: 1 });
  expect((await readAll(answer.textStream)).join('')).toBe(TEXT);
  expect(await answer.totalUsage).toMatchObject({ outputTokens: 7 });
});

it('is told what is wrong', async () => {
  const asking = generateText({ model: model(), prompt: 'Hi', topP: 7, maxRetries: 0 });
  await expect(asking).rejects.toMatchObject({ statusCode: 400, message: expect.stringContaining('"top_p"') });
});
