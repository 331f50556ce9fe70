import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ScriptedBridge, scriptedBridge } from '../../../support/scripted-bridge.ts';
import { readAll, tokenizer, user } from '../../../support/scripted-engine.ts';

// OpenAI's own client, as apps use it.

const TEXT = 'The capital of France is Paris.';

let bridge: ScriptedBridge;
let client: OpenAI;
async function serve(...texts: string[]): Promise<void> {
  await bridge?.close();
  bridge = await scriptedBridge(texts);
  client = new OpenAI({ baseURL: bridge.url, apiKey: 'none', maxRetries: 0 });
}
beforeEach(() => serve(TEXT));
afterEach(() => bridge.close());

const ask = { model: 'Tiny', messages: user('Capital of France?') };

describe('chat completions', () => {
  it('answers whole, and counts the whole prompt', async () => {
    bridge.generator.reusedTokens = 10;
    const answer = await client.chat.completions.create(ask);
    expect(answer.choices[0]).toMatchObject({ finish_reason: 'stop', message: { role: 'assistant', content: TEXT } });
    expect(answer).toMatchObject({ model: 'Tiny', object: 'chat.completion' });
    expect(answer.usage).toEqual({
      prompt_tokens: 34,
      completion_tokens: 7,
      total_tokens: 41,
      prompt_tokens_details: { cached_tokens: 10 },
    });
  });

  it('streams, with usage where it is asked for', async () => {
    const chunks = await readAll(
      await client.chat.completions.create({ ...ask, stream: true, stream_options: { include_usage: true } }),
    );
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(TEXT);
    expect(chunks.length).toBeGreaterThan(5);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 34, completion_tokens: 7 } });
    expect(chunks.at(-2)!.choices[0]!.finish_reason).toBe('stop');
  });

  it('is what the client’s own helper reads', async () => {
    const runner = client.chat.completions.stream({ ...ask, stream_options: { include_usage: true } });
    expect(await runner.finalContent()).toBe(TEXT);
    expect((await runner.totalUsage()).total_tokens).toBe(41);
  });

  it('hands every option on', async () => {
    await client.chat.completions.create({
      ...ask,
      ...{ temperature: 0.5, top_p: 0.9, seed: 7, max_completion_tokens: 3, logit_bias: { '5': -100 } },
      ...{ presence_penalty: 1, frequency_penalty: -1, stop: ['X'], user: 'me', metadata: {} },
    });
    expect(bridge.generator.requests[0]).toMatchObject({
      maxTokens: 3,
      sampling: {
        ...{ temperature: 0.5, topP: 0.9, seed: 7, presencePenalty: 1, frequencyPenalty: -1 },
        logitBias: new Map([[5, -100]]),
      },
    });
  });

  it('makes n choices with log probabilities', async () => {
    await serve('One', 'Two');
    const { choices } = await client.chat.completions.create({ ...ask, n: 2, logprobs: true, top_logprobs: 2 });
    expect(choices.map(({ message }) => message.content)).toEqual(['One', 'Two']);
    const [token] = choices[1]!.logprobs!.content!;
    expect(token).toMatchObject({ token: 'Two', logprob: -0.5 });
    expect(token!.top_logprobs).toHaveLength(2);
  });

  it('takes a developer’s message for the system’s', async () => {
    await client.chat.completions.create({
      ...ask,
      messages: [{ role: 'developer', content: 'Be brief.' }, ...ask.messages],
    });
    expect(tokenizer.decode(bridge.generator.requests[0]!.promptIds)).toContain('system\nBe brief.');
  });

  it('refuses images by name', async () => {
    const content = [{ type: 'image_url' as const, image_url: { url: 'data:image/png;base64,AA' } }];
    await expect(
      client.chat.completions.create({ ...ask, messages: [{ role: 'user', content }] }),
    ).rejects.toMatchObject({ status: 400, type: 'invalid_request_error', param: 'messages[0].content[0].type' });
  });

  it('refuses wrong tools, wrong formats and what it does not know by name', async () => {
    const tools = [{ type: 'function' as const, function: { name: 'f g' } }];
    await expect(client.chat.completions.create({ ...ask, tools })).rejects.toMatchObject({
      status: 400,
      param: 'tools[0].function.name',
    });
    const json_schema = { name: 'it', schema: { type: 'frob' } };
    await expect(
      client.chat.completions.create({ ...ask, response_format: { type: 'json_schema', json_schema } }),
    ).rejects.toMatchObject({ status: 400, message: expect.stringContaining('Unsupported type "frob"') });
    await expect(client.chat.completions.create({ ...ask, web_search_options: {} })).rejects.toMatchObject({
      status: 400,
      param: 'web_search_options',
      message: expect.stringContaining('Leave it out'),
    });
  });

  it('says that a prompt is too long as OpenAI does', async () => {
    const messages = user('word '.repeat(500));
    await expect(client.chat.completions.create({ ...ask, messages, stream: true })).rejects.toMatchObject({
      status: 400,
      code: 'context_length_exceeded',
    });
  });

  it('knows no other model, and needs none', async () => {
    await expect(client.chat.completions.create({ ...ask, model: 'gpt-4o' })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
      param: 'model',
    });
    const answer = await client.chat.completions.create({ messages: ask.messages } as typeof ask);
    expect(answer.model).toBe('Tiny');
  });

  it('tells a failure in the middle of a stream as an error', async () => {
    bridge.generator.onStep = (step) => {
      if (step === 2) throw new Error('out of luck');
    };
    const texts: string[] = [];
    const reading = (async () => {
      for await (const { choices } of await client.chat.completions.create({ ...ask, stream: true }))
        texts.push(choices[0]!.delta.content ?? '');
    })();
    await expect(reading).rejects.toThrow('out of luck');
    expect(texts.join('')).toBe('The capital');
    await expect(client.chat.completions.create(ask)).rejects.toMatchObject({ status: 500, type: 'server_error' });
  });
});

describe('completions', () => {
  it('answers and streams', async () => {
    const ask = { model: 'Tiny', prompt: 'The capital', max_tokens: 20 };
    const whole = await client.completions.create({ ...ask, echo: true });
    expect(whole.choices[0]).toMatchObject({ text: `The capital${TEXT}`, finish_reason: 'stop', logprobs: null });
    const chunks = await readAll(await client.completions.create({ ...ask, prompt: ['The capital'], stream: true }));
    expect(chunks.map(({ choices }) => choices[0]?.text ?? '').join('')).toBe(TEXT);
  });

  it('lists log probabilities in the older way', async () => {
    const { choices } = await client.completions.create({ model: 'Tiny', prompt: 'Say', logprobs: 2, max_tokens: 3 });
    const logprobs = choices[0]!.logprobs!;
    expect(logprobs.tokens).toEqual(['The', ' capital', ' of']);
    expect(logprobs.token_logprobs).toEqual([-0.5, -0.5, -0.5]);
    expect(logprobs.text_offset).toEqual([0, 3, 11]);
    expect(Object.keys(logprobs.top_logprobs![0]!)).toHaveLength(2);
    expect(choices[0]!.finish_reason).toBe('length');
  });

  it('has OpenAI’s default length, and names what it cannot do', async () => {
    await client.completions.create({ model: 'Tiny', prompt: 'Say' });
    expect(bridge.generator.requests[0]!.maxTokens).toBe(16);
    for (const wrong of [{ suffix: 'x' }, { best_of: 2 }, { logprobs: 9 }, { prompt: ['a', 'b'] }])
      await expect(client.completions.create({ model: 'Tiny', prompt: 'Say', ...wrong })).rejects.toMatchObject({
        status: 400,
        param: Object.keys(wrong)[0],
      });
  });
});

describe('responses', () => {
  const ask = { model: 'Tiny', input: 'Capital of France?', instructions: 'Be brief.' };

  it('answers whole', async () => {
    const response = await client.responses.create({ ...ask, temperature: 0, metadata: { of: 'me' } });
    expect(response).toMatchObject({ status: 'completed', output_text: TEXT, model: 'Tiny', metadata: { of: 'me' } });
    expect(response.usage).toMatchObject({ output_tokens: 7, input_tokens_details: { cached_tokens: 0 } });
    const [{ promptIds, sampling }] = bridge.generator.requests as [(typeof bridge.generator.requests)[0]];
    expect(tokenizer.decode(promptIds)).toContain('system\nBe brief.');
    expect(sampling.temperature).toBe(0);
  });

  it('streams events that the client’s own helper puts together', async () => {
    const events = await readAll(await client.responses.create({ ...ask, stream: true }));
    expect(events.map(({ type }) => type).filter((type, place, all) => type !== all[place - 1])).toEqual([
      ...['response.created', 'response.in_progress', 'response.output_item.added', 'response.content_part.added'],
      ...['response.output_text.delta', 'response.output_text.done', 'response.content_part.done'],
      ...['response.output_item.done', 'response.completed'],
    ]);
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual([...events.keys()]);
    const final = await client.responses.stream(ask).finalResponse();
    expect(final.output_text).toBe(TEXT);
  });

  it('says how likely each token was, whole and as it comes, where that is included', async () => {
    const include = ['message.output_text.logprobs' as const];
    const whole = await client.responses.create({ ...ask, include, top_logprobs: 2 });
    const [item] = whole.output as OpenAI.Responses.ResponseOutputMessage[];
    const [{ logprobs }] = item!.content as [OpenAI.Responses.ResponseOutputText];
    expect(logprobs!.map(({ token }) => token).join('')).toBe(TEXT);
    expect(logprobs![0]).toMatchObject({ token: 'The', logprob: -0.5, bytes: [84, 104, 101] });
    expect(logprobs!.map(({ top_logprobs }) => top_logprobs.length)).toEqual(logprobs!.map(() => 2));
    const events = await readAll(await client.responses.create({ ...ask, include, stream: true }));
    const deltas = events.flatMap((event) => (event.type === 'response.output_text.delta' ? event.logprobs : []));
    expect(deltas.map(({ token }) => token).join('')).toBe(TEXT);
    const plain = await client.responses.create({ ...ask, top_logprobs: 2 });
    expect(plain.output).toMatchObject([{ content: [{ logprobs: [] }] }]);
    await expect(client.responses.create({ ...ask, include, top_logprobs: 50 })).rejects.toMatchObject({
      status: 400,
      param: 'top_logprobs',
    });
  });

  it('goes on from messages, its own among them, and ends at a bound', async () => {
    const first = await client.responses.create(ask);
    const input = [
      { role: 'user' as const, content: 'Hi' },
      ...first.output,
      { role: 'user' as const, content: 'And?' },
    ];
    const second = await client.responses.create({
      ...ask,
      input: input as OpenAI.Responses.ResponseInput,
      max_output_tokens: 2,
    });
    expect(second).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
    expect(tokenizer.decode(bridge.generator.requests[1]!.promptIds)).toContain(`assistant\n${TEXT}`);
  });

  it('names what it cannot do', async () => {
    const wrongs = {
      previous_response_id: 'resp_1',
      background: true,
      truncation: 'auto' as const,
      input: [],
    };
    for (const [param, value] of Object.entries(wrongs))
      await expect(client.responses.create({ ...ask, [param]: value })).rejects.toMatchObject({ status: 400, param });
    const tools = [{ type: 'web_search' as const }];
    await expect(client.responses.create({ ...ask, tools })).rejects.toMatchObject({
      status: 400,
      param: 'tools[0].type',
      message: expect.stringContaining('tools of type "web_search" are not supported'),
    });
    const input = [{ role: 'user' as const, content: [{ type: 'input_image' as const, detail: 'auto' as const }] }];
    await expect(client.responses.create({ ...ask, input })).rejects.toMatchObject({
      status: 400,
      param: 'input[0].content[0].type',
    });
  });

  it('tells a failure in the middle of a stream', async () => {
    bridge.generator.onStep = (step) => {
      if (step === 2) throw new Error('out of luck');
    };
    await expect((async () => readAll(await client.responses.create({ ...ask, stream: true })))()).rejects.toThrow(
      'luck',
    );
  });
});

describe('models', () => {
  it('are the one that the swarm serves', async () => {
    const models = await readAll(await client.models.list());
    expect(models).toMatchObject([{ id: 'Tiny', object: 'model', owned_by: 'shoal' }]);
    expect(await client.models.retrieve('Tiny')).toMatchObject({ id: 'Tiny' });
    await expect(client.models.retrieve('gpt-4o')).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
  });
});
