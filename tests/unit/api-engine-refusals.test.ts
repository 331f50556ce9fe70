import { beforeEach, describe, expect, it } from 'vitest';
import { CONTEXT_LENGTH, type ScriptedEngine, scriptedEngine, user } from '../support/scripted-engine.ts';

let engine: ScriptedEngine['engine'];
let generator: ScriptedEngine['generator'];
beforeEach(() => {
  ({ engine, generator } = scriptedEngine('The capital of France is Paris.'));
});

describe('a request that cannot be served', () => {
  const messages = user('Hi');
  it.each([
    [{ messages: [] }, 'messages'],
    [{ messages, temperature: -1 }, '"temperature"'],
    [{ messages, temperature: Number.NaN }, '"temperature"'],
    [{ messages, top_p: 0 }, '"top_p"'],
    [{ messages, presence_penalty: 3 }, '"presence_penalty"'],
    [{ messages, repetition_penalty: 0 }, '"repetition_penalty"'],
    [{ messages, max_tokens: 0 }, '"max_tokens"'],
    [{ messages, n: 0 }, '"n"'],
    [{ messages, seed: 1.5 }, '"seed"'],
    [{ messages, stop: [''] }, '"stop'],
    [{ messages, logit_bias: { hello: 1 } }, 'logit_bias'],
    [{ messages, logit_bias: { '1': 101 } }, 'logit_bias'],
    [{ messages, logit_bias: { '999999': 1 } }, 'token 999999'],
    [{ messages, top_logprobs: 2 }, '"logprobs"'],
    [{ messages, logprobs: true, top_logprobs: 21 }, '"top_logprobs"'],
    [{ messages, stream_options: {} }, '"stream"'],
    [{ messages, model: 'Other' }, '"Tiny"'],
    [{ messages, tools: [{ type: 'function', function: { name: 'f' } }] }, '"tools"'],
    [{ messages, tool_choice: 'auto' }, '"tool_choice"'],
    [{ messages, response_format: { type: 'json_object' } }, '"json_object"'],
    [{ messages, extra_body: { resumable: { enabled: true } } }, 'resumable'],
    [{ messages: [{ role: 'tool', content: 'x', tool_call_id: '1' }] }, 'tool calls'],
    [{ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:' } }] }] }, 'image_url'],
  ])('%j says why', async (request, words) => {
    await expect(engine.chatCompletion(request as never)).rejects.toMatchObject({
      code: 'bad-request',
      message: expect.stringContaining(words),
    });
    expect(generator.requests).toEqual([]);
  });

  it.each([
    [{ prompt: ['a'] }, '"prompt"'],
    [{ prompt: '' }, 'empty'],
    [{ prompt: 'a', suffix: 'b' }, '"suffix"'],
    [{ prompt: 'a', best_of: 2 }, '"best_of"'],
  ])('%j says why', async (request, words) => {
    await expect(engine.completion(request as never)).rejects.toMatchObject({
      code: 'bad-request',
      message: expect.stringContaining(words),
    });
  });

  it('is a prompt longer than the context: both numbers are told', async () => {
    const content = 'word '.repeat(CONTEXT_LENGTH);
    await expect(engine.chatCompletion({ messages: user(content) })).rejects.toMatchObject({
      code: 'context-full',
      message: expect.stringMatching(/has 2\d\d tokens and the model's context 200/),
    });
  });
});
