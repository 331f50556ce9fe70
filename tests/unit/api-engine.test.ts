import type { ChatCompletionRequestStreaming } from '@mlc-ai/web-llm';
import { beforeEach, describe, expect, it } from 'vitest';
import { type AnswerSoFar, ShoalEngine } from '../../src/api/index.ts';
import type {
  GeneratedToken,
  GenerationRequest,
  GenerationSummary,
  Generator,
} from '../../src/swarm/coordinator/generation.ts';
import { defaultTokenizer } from '../support/default-tokenizer.ts';

const tokenizer = await defaultTokenizer();
const CONTEXT_LENGTH = 200;
const END = 2;
const user = (content: string) => [{ role: 'user' as const, content }];

/** Says what it is told, one token after the other, as the coordinator does. */
class ScriptedGenerator implements Generator {
  readonly requests: GenerationRequest[] = [];
  /** Called before each token. */
  onStep: (step: number) => Promise<void> | void = () => {};
  reusedTokens = 0;
  closed = 0;
  readonly #answers: readonly (readonly number[])[];

  constructor(...texts: string[]) {
    this.#answers = texts.map((text) => [...tokenizer.encode(text, { parseSpecial: true }), END]);
  }

  async *generate(request: GenerationRequest): AsyncGenerator<GeneratedToken, GenerationSummary> {
    const script = this.#answers[this.requests.length % this.#answers.length]!;
    this.requests.push(request);
    let completionTokens = 0;
    const summary = (finishReason: GenerationSummary['finishReason']): GenerationSummary => ({
      finishReason,
      promptTokens: request.promptIds.length,
      reusedTokens: this.reusedTokens,
      completionTokens,
      prefillMs: 500,
      decodeMs: 250,
    });
    try {
      for (const id of script) {
        await this.onStep(completionTokens);
        if (request.signal?.aborted) return summary('abort');
        if (completionTokens === request.maxTokens) return summary('length');
        if (request.stopIds.has(id)) return summary('stop');
        completionTokens++;
        const top = [id, id + 1, id + 2]
          .slice(0, request.topLogprobs)
          .map((other, rank) => ({ id: other, logprob: -rank - 0.5 }));
        yield { id, logprob: -0.5, top, lap: { totalMs: 1, stages: [] } };
      }
      return summary('length');
    } finally {
      this.closed++;
    }
  }
}

let generator: ScriptedGenerator;
let engine: ShoalEngine;
let forgotten: string[];
function serve(...texts: string[]): void {
  generator = new ScriptedGenerator(...texts);
  forgotten = [];
  engine = new ShoalEngine({
    generator,
    tokenizer: async () => tokenizer,
    modelId: () => 'Tiny',
    contextLength: () => CONTEXT_LENGTH,
    forget: async (conversation) => {
      forgotten.push(conversation);
    },
  });
}
beforeEach(() => serve('The capital of France is Paris.'));

async function readAll<Chunk>(chunks: AsyncIterable<Chunk>): Promise<Chunk[]> {
  const read: Chunk[] = [];
  for await (const chunk of chunks) read.push(chunk);
  return read;
}

async function stream(request: Omit<ChatCompletionRequestStreaming, 'stream'>) {
  return readAll(await engine.chat.completions.create({ ...request, stream: true }));
}

describe('an answer that is kept', () => {
  const TEXT = 'The capital of France is Paris.';
  const request = { messages: user('Capital of France?'), max_tokens: 20 };

  it('tells its exact tokens, and goes on from them to the same text', async () => {
    let kept: AnswerSoFar | undefined;
    const onProgress = (answer: AnswerSoFar) => {
      kept = { promptIds: answer.promptIds, ids: [...answer.ids] };
    };
    for await (const { choices } of engine.keptChatCompletion(request, { begun: undefined, onProgress }))
      if (choices[0]?.delta.content) break;
    expect(kept!.promptIds).toEqual(generator.requests[0]!.promptIds);
    const begun = { promptIds: kept!.promptIds, ids: tokenizer.encode(TEXT).slice(0, 3) };

    serve(tokenizer.decode(tokenizer.encode(TEXT).slice(3)));
    const chunks = await readAll(engine.keptChatCompletion({ ...request, messages: user('?') }, { begun, onProgress }));
    const [{ promptIds, maxTokens }] = generator.requests as [GenerationRequest];
    expect(promptIds).toEqual([...begun.promptIds, ...begun.ids]);
    expect(maxTokens).toBe(17);
    expect(chunks[0]!.choices[0]!.delta.content).toBe(tokenizer.decode(begun.ids));
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(TEXT);
    expect(kept!.ids).toEqual(tokenizer.encode(TEXT));
  });

  it('is over at once when all its tokens were there', async () => {
    const begun = { promptIds: [1, 5], ids: tokenizer.encode(TEXT).slice(0, 2) };
    const keeping = { begun, onProgress: () => {} };
    const chunks = await readAll(engine.keptChatCompletion({ ...request, max_tokens: 2 }, keeping));
    expect(chunks.at(-1)!.choices[0]!.finish_reason).toBe('length');
    expect(generator.requests).toEqual([]);
  });
});

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
    expect(conversation).toBe('main');
    expect(answer.usage!.prompt_tokens).toBe(promptIds.length - 10);
  });

  it('hands the sampling on, with OpenAI’s defaults', async () => {
    await engine.chat.completions.create({ messages: user('Hi') });
    await engine.chat.completions.create({
      messages: user('Hi'),
      temperature: 0.5,
      top_p: 0.9,
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
          presencePenalty: 0,
          frequencyPenalty: 0,
          repetitionPenalty: 1,
          logitBias: new Map(),
          seed: undefined,
          maxTokens: CONTEXT_LENGTH - generator.requests[0]!.promptIds.length,
          stopIds: new Set([0, 2]),
        },
        {
          temperature: 0.5,
          topP: 0.9,
          topK: 0,
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

  it('ends before a stop text across token borders, and generates no further', async () => {
    for (const stop of ['nce is', ['xyz', 'nce is']]) {
      const chunks = await stream({ messages: user('Hi'), stop, stream_options: { include_usage: true } });
      expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('The capital of Fra');
      expect(chunks.at(-2)!.choices[0]!.finish_reason).toBe('stop');
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

describe('an interruption', () => {
  it('ends the answer that runs, not the one that waits', async () => {
    generator.onStep = (step) =>
      step === 3 && generator.requests.length === 1 ? engine.interruptGenerate() : undefined;
    const [first, second] = await Promise.all([
      engine.chat.completions.create({ messages: user('Hi') }),
      engine.chat.completions.create({ messages: user('Hi') }),
    ]);
    expect(first.choices[0]).toMatchObject({ finish_reason: 'abort', message: { content: 'The capital of' } });
    expect(second.choices[0]!.finish_reason).toBe('stop');
  });

  it('ends every choice', async () => {
    generator.onStep = (step) => (step === 1 ? engine.interruptGenerate() : undefined);
    const { choices } = await engine.chat.completions.create({ messages: user('Hi'), n: 3 });
    expect(choices.map(({ finish_reason }) => finish_reason)).toEqual(['abort', 'abort', 'abort']);
  });

  it('by leaving a stream closes the generator and lets the next in', async () => {
    for await (const chunk of await engine.chat.completions.create({ messages: user('Hi'), stream: true })) {
      expect(chunk.choices[0]!.delta.content).toBe('The');
      break;
    }
    expect(generator.closed).toBe(1);
    expect((await engine.chat.completions.create({ messages: user('Hi') })).choices[0]!.finish_reason).toBe('stop');
  });
});

describe('a failure in mid-answer', () => {
  it('reaches the reader after what was said, and lets the next in', async () => {
    generator.onStep = (step) => {
      if (step === 2 && generator.requests.length === 1)
        throw Object.assign(new Error('A node left.'), { code: 'peer-gone' });
    };
    const texts: string[] = [];
    const reading = async () => {
      for await (const { choices } of await engine.chat.completions.create({ messages: user('Hi'), stream: true }))
        texts.push(choices[0]!.delta.content ?? '');
    };
    await expect(reading()).rejects.toMatchObject({ code: 'peer-gone' });
    expect(texts.join('')).toBe('The capital');
    expect(await engine.getMessage()).toBe('The capital');
    expect((await engine.chat.completions.create({ messages: user('Hi') })).choices[0]!.finish_reason).toBe('stop');
  });
});

describe('a text completion', () => {
  it('continues the prompt itself, beside the chat', async () => {
    const answer = await engine.completions.create({ prompt: 'Q: <|im_end|>', max_tokens: 2, echo: true });
    expect(answer).toMatchObject({
      object: 'text_completion',
      choices: [{ index: 0, text: 'Q: <|im_end|>The capital', finish_reason: 'length', logprobs: null }],
    });
    expect(generator.requests[0]!.promptIds).toEqual(tokenizer.encode('Q: <|im_end|>', { parseSpecial: true }));
    expect(generator.requests[0]!.conversation).not.toBe('main');
  });

  it('streams', async () => {
    const chunks = await readAll(await engine.completions.create({ prompt: 'Q:', stream: true }));
    expect(chunks.map(({ choices }) => choices[0]!.text).join('')).toBe('The capital of France is Paris.');
    expect(chunks.at(-1)!.choices[0]).toEqual({ index: 0, text: '', finish_reason: 'stop' });
  });
});

describe('the rest of the engine', () => {
  it('tells the message and the speed, and forgets them', async () => {
    await engine.chat.completions.create({ messages: user('Hi') });
    expect(await engine.getMessage()).toBe('The capital of France is Paris.');
    expect(await engine.runtimeStatsText()).toMatch(
      /^prefill: \d+\.\d{4} tokens\/sec, decoding: 24\.0000 tokens\/sec$/,
    );
    await engine.resetChat(true);
    expect(await engine.getMessage()).toBe('');
    expect(forgotten).toContain('main');
    expect(await engine.runtimeStatsText()).toContain('24.0000');
    await engine.unload();
    expect(await engine.runtimeStatsText()).toContain('decoding: 0.0000');
  });

  it('reloads only what the swarm serves', async () => {
    const reports: number[] = [];
    engine.setInitProgressCallback(({ progress }) => reports.push(progress));
    await engine.reload('Tiny');
    expect(reports).toEqual([0, 1]);
    await expect(engine.reload('Other')).rejects.toMatchObject({
      code: 'bad-request',
      message: expect.stringContaining('"Tiny"'),
    });
    await expect(engine.reload('Tiny', {})).rejects.toMatchObject({ code: 'bad-request' });
  });

  it('goes on token by token', async () => {
    const first = await engine.forwardTokensAndSample([5, 6], true);
    const second = await engine.forwardTokensAndSample([first], false);
    expect([first, second]).toEqual([504, 504]);
    expect(generator.requests[1]).toMatchObject({ promptIds: [5, 6, 504], maxTokens: 1, sampling: { temperature: 0 } });
    await engine.resetChat();
    await engine.forwardTokensAndSample([9], true);
    expect(generator.requests[2]!.promptIds).toEqual([9]);
  });

  it('says what a swarm does not have', async () => {
    await expect(engine.embeddings.create({ input: 'x' })).rejects.toMatchObject({ code: 'bad-request' });
    await expect(engine.resumeChatCompletion('x')).rejects.toMatchObject({ code: 'bad-request' });
    await expect(engine.deleteResumableSession('x')).rejects.toMatchObject({ code: 'bad-request' });
    expect(await engine.listResumableSessions()).toEqual([]);
    await expect(engine.getGPUVendor()).rejects.toMatchObject({ code: 'no-webgpu' });
    await expect(engine.getMaxStorageBufferBindingSize()).rejects.toMatchObject({ code: 'no-webgpu' });
    expect(() => engine.setAppConfig({ model_list: [] })).toThrow(expect.objectContaining({ code: 'bad-request' }));
  });
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
