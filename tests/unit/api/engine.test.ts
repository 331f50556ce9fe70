import type { ChatCompletionRequestStreaming } from '@mlc-ai/web-llm';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  CONTEXT_LENGTH,
  readAll,
  type ScriptedEngine,
  scriptedEngine,
  tokenizer,
  user,
} from '../../support/scripted-engine.ts';

let engine: ScriptedEngine['engine'];
let generator: ScriptedEngine['generator'];
function serve(...texts: string[]): void {
  ({ engine, generator } = scriptedEngine(...texts));
}
beforeEach(() => serve('The capital of France is Paris.'));

async function stream(request: Omit<ChatCompletionRequestStreaming, 'stream'>) {
  return readAll(await engine.chat.completions.create({ ...request, stream: true }));
}

describe('a chat completion', () => {
  it('is shaped as WebLLM’s', async () => {
    const answer = await engine.chat.completions.create({ messages: user('Capital of France?') });
    expect(answer).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      created: expect.any(Number),
      model: 'Tiny',
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          finish_reason: 'stop',
          logprobs: null,
          message: { role: 'assistant', content: 'The capital of France is Paris.' },
        },
      ],
      usage: {
        prompt_tokens: 34,
        completion_tokens: 7,
        total_tokens: 41,
        extra: {
          e2e_latency_s: expect.any(Number),
          prefill_tokens_per_s: 68,
          decode_tokens_per_s: 24,
          time_to_first_token_s: 0.5,
          time_per_output_token_s: 0.25 / 6,
          whole_prompt_tokens: 34,
          cached_prompt_tokens: 0,
        },
      },
    });
  });

  it('streams chunks shaped as WebLLM’s', async () => {
    const chunks = await stream({ messages: user('Hi'), stream_options: { include_usage: true } });
    const [first] = chunks;
    expect(first).toEqual({
      id: expect.any(String),
      created: expect.any(Number),
      model: 'Tiny',
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta: { role: 'assistant', content: 'The' }, finish_reason: null, logprobs: null }],
    });
    expect(chunks.every(({ id, created }) => id === first!.id && created === first!.created)).toBe(true);
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(
      'The capital of France is Paris.',
    );
    expect(chunks.at(-2)!.choices).toEqual([{ index: 0, delta: {}, finish_reason: 'stop' }]);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 7 } });
    expect((await stream({ messages: user('Hi') })).at(-1)!.usage).toBeUndefined();
  });

  it('renders the whole conversation and keeps one KV cache for it', async () => {
    const messages = [
      { role: 'system' as const, content: 'Be brief.' },
      { role: 'user' as const, content: [{ type: 'text' as const, text: 'Hi' }] },
      { role: 'assistant' as const, content: 'Hello!' },
      ...user('Where is Paris?'),
    ];
    generator.reusedTokens = 10;
    const answer = await engine.chat.completions.create({ messages });
    const { promptIds, conversation } = generator.requests[0]!;
    expect(tokenizer.decode(promptIds)).toBe(
      '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello!<|im_end|>\n' +
        '<|im_start|>user\nWhere is Paris?<|im_end|>\n<|im_start|>assistant\n',
    );
    expect(conversation).toBe('/chat');
    expect(answer.usage!.prompt_tokens).toBe(promptIds.length - 10);
    expect(answer.usage!.extra).toMatchObject({ whole_prompt_tokens: promptIds.length, cached_prompt_tokens: 10 });
  });

  it('hands the sampling on, with OpenAI’s defaults', async () => {
    await engine.chat.completions.create({ messages: user('Hi') });
    await engine.chat.completions.create({
      messages: user('Hi'),
      temperature: 0.5,
      top_p: 0.9,
      // Other servers' names, which OpenAI's types do not know.
      ...{ top_k: 40, min_p: 0.05 },
      presence_penalty: 1,
      frequency_penalty: -1,
      repetition_penalty: 1.1,
      logit_bias: { '5': -100 },
      seed: 42,
      max_tokens: 3,
      ignore_eos: true,
    });
    expect(generator.requests.map(({ sampling, maxTokens, stopIds }) => ({ ...sampling, maxTokens, stopIds }))).toEqual(
      [
        {
          temperature: 1,
          topP: 1,
          topK: 0,
          minP: 0,
          presencePenalty: 0,
          frequencyPenalty: 0,
          repetitionPenalty: 1,
          logitBias: new Map(),
          seed: undefined,
          maxTokens: CONTEXT_LENGTH - generator.requests[0]!.promptIds.length,
          stopIds: new Set([0, 2, 4]),
        },
        {
          temperature: 0.5,
          topP: 0.9,
          topK: 40,
          minP: 0.05,
          presencePenalty: 1,
          frequencyPenalty: -1,
          repetitionPenalty: 1.1,
          logitBias: new Map([[5, -100]]),
          seed: 42,
          maxTokens: 3,
          stopIds: new Set(),
        },
      ],
    );
  });

  it('ends at its length', async () => {
    const answer = await engine.chat.completions.create({ messages: user('Hi'), max_tokens: 2 });
    expect(answer.choices[0]).toMatchObject({ finish_reason: 'length', message: { content: 'The capital' } });
  });

  it('ends at the length that OpenAI’s newer name gives, and at the less of both', async () => {
    for (const bounds of [{ max_completion_tokens: 3 }, { max_completion_tokens: 3, max_tokens: 5 }]) {
      const answer = await engine.chat.completions.create({ messages: user('Hi'), ...bounds });
      expect(answer.choices[0]!.finish_reason).toBe('length');
      expect(answer.usage!.completion_tokens).toBe(3);
    }
  });

  it('passes over what changes no answer, and nulls', async () => {
    const request = { messages: user('Hi'), user: 'u', metadata: { a: 'b' }, top_k: null, seed: null };
    expect((await engine.chatCompletion(request as never)).choices[0]!.finish_reason).toBe('stop');
  });

  it('goes on from a last message of the assistant', async () => {
    await engine.chat.completions.create({
      messages: [...user('Capital?'), { role: 'assistant', content: 'The capital is ' }],
    });
    expect(tokenizer.decode(generator.requests[0]!.promptIds)).toMatch(
      /<\|im_start\|>user\nCapital\?<\|im_end\|>\n<\|im_start\|>assistant\nThe capital is $/,
    );
  });

  it('begins an answer of which nothing is there', async () => {
    await engine.chat.completions.create({ messages: [...user('Hi'), { role: 'assistant', content: null }] });
    await engine.chat.completions.create({ messages: user('Hi') });
    const [first, second] = generator.requests;
    expect(first!.promptIds).toEqual(second!.promptIds);
  });

  it('ends before a stop text across token borders, and generates no further', async () => {
    for (const stop of ['nce is', ['xyz', 'nce is']]) {
      const chunks = await stream({ messages: user('Hi'), stop, stream_options: { include_usage: true } });
      expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('The capital of Fra');
      expect(chunks.at(-2)!.choices[0]).toMatchObject({ finish_reason: 'stop', stop_reason: 'nce is' });
      expect(chunks.at(-1)!.usage!.completion_tokens).toBe(5);
    }
    expect(generator.closed).toBe(2);
  });

  it('emits whole characters only', async () => {
    serve('😀👍🏽 naïve');
    const chunks = await stream({ messages: user('Hi') });
    const texts = chunks.map(({ choices }) => choices[0]!.delta.content ?? '');
    expect(texts.join('')).toBe('😀👍🏽 naïve');
    expect(texts.some((text) => text.includes('\uFFFD'))).toBe(false);
  });

  it('keeps what only looked like a stop text, and shows a character that never became whole', async () => {
    serve('Go EN');
    const answer = await engine.chat.completions.create({ messages: user('Hi'), stop: 'END' });
    expect(answer.choices[0]!.message.content).toBe('Go EN');
    serve('😀');
    const cut = await engine.chat.completions.create({ messages: user('Hi'), max_tokens: 1 });
    expect(cut.choices[0]!.message.content).toBe('\uFFFD');
  });

  it('gives n different choices, streamed too', async () => {
    serve('One.', 'Two.');
    const answer = await engine.chat.completions.create({ messages: user('Hi'), n: 2, seed: 7 });
    expect(answer.choices.map(({ index, message }) => [index, message.content])).toEqual([
      [0, 'One.'],
      [1, 'Two.'],
    ]);
    expect(answer.usage!.completion_tokens).toBe(4);
    expect(generator.requests.map(({ sampling }) => sampling.seed)).toEqual([7, 8]);
    const chunks = await stream({ messages: user('Hi'), n: 2 });
    const ends = chunks.flatMap(({ choices }) => choices).filter(({ finish_reason }) => finish_reason);
    expect(ends.map(({ index }) => index)).toEqual([0, 1]);
  });

  it('reports log probabilities of every token, and the alternatives', async () => {
    serve('é😀');
    const request = { messages: user('Hi'), logprobs: true, top_logprobs: 2 };
    const [choice] = (await engine.chat.completions.create(request)).choices;
    const ids = tokenizer.encode('é😀');
    const content = choice!.logprobs!.content!;
    expect(content.map(({ bytes }) => bytes)).toEqual(ids.map((id) => [...tokenizer.bytes(id)]));
    expect(content[0]).toMatchObject({ token: 'é', bytes: [0xc3, 0xa9], logprob: -0.5 });
    expect(content[0]!.top_logprobs.map(({ logprob }) => logprob)).toEqual([-0.5, -1.5]);
    const streamed = (await stream(request)).flatMap(({ choices }) => choices[0]?.logprobs?.content ?? []);
    expect(streamed).toEqual(content);
  });
});
