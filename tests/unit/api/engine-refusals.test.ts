import { beforeEach, describe, expect, it } from 'vitest';
import { CONTEXT_LENGTH, type ScriptedEngine, scriptedEngine, user } from '../../support/scripted-engine.ts';

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
    [{ messages, temperature: 3 }, '"temperature"'],
    [{ messages, typical_p: 0.9 }, '"typical_p" is not supported'],
    [{ messages, top_k: -1 }, '"top_k" is wrong'],
    [{ messages, min_p: 2 }, '"min_p" is wrong'],
    [{ messages, max_output_tokens: 3 }, '"max_output_tokens" is not supported'],
    [{ messages, extra_body: { top_k: 40 } }, '"extra_body.top_k" is not supported'],
    [{ messages, max_completion_tokens: 0 }, '"max_completion_tokens"'],
    [{ messages: [{ role: 'user', content: null }] }, '"messages[0].content"'],
    [{ messages: [{ role: 'user' }] }, '"messages[0].content"'],
    [{ messages: [{ role: 'user', content: 5 }] }, '"messages[0].content"'],
    [{ messages: [{ role: 'user', content: { text: 'Hi' } }] }, '"messages[0].content"'],
    [{ messages: [{ role: 'system', content: null }] }, '"messages[0].content"'],
    [{ messages: [...messages, { role: 'user', content: [{ type: 'text' }] }] }, '"messages[1].content[0].text"'],
    [{ messages: [null] }, '"messages[0]"'],
    [{ messages: ['hi'] }, '"messages[0]"'],
    [{ messages: [{ content: 'Hi' }] }, '"messages[0].role"'],
    [{ messages: [{ role: 'wizard', content: 'Hi' }] }, '"messages[0].role"'],
    [{ messages: { role: 'user', content: 'Hi' } }, '"messages"'],
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
    [{ messages, extra_body: { resumable: { enabled: true } } }, 'resumable'],

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
    [{ prompt: 'a', max_completion_tokens: 3 }, '"max_completion_tokens" is not supported'],
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
