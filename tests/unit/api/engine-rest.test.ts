import { beforeEach, describe, expect, it } from 'vitest';
import { readAll, type ScriptedEngine, scriptedEngine, tokenizer, user } from '../../support/scripted-engine.ts';

let engine: ScriptedEngine['engine'];
let generator: ScriptedEngine['generator'];
let forgotten: ScriptedEngine['forgotten'];
beforeEach(() => {
  ({ engine, generator, forgotten } = scriptedEngine('The capital of France is Paris.'));
});

describe('a text completion', () => {
  it('continues the prompt itself, beside the chat', async () => {
    const answer = await engine.completions.create({ prompt: 'Q: <|im_end|>', max_tokens: 2, echo: true });
    expect(answer).toMatchObject({
      object: 'text_completion',
      choices: [{ index: 0, text: 'Q: <|im_end|>The capital', finish_reason: 'length', logprobs: null }],
    });
    expect(generator.requests[0]!.promptIds).toEqual(tokenizer.encode('Q: <|im_end|>', { parseSpecial: true }));
    expect(generator.requests[0]!.conversation).toBe('/text');
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
    expect(forgotten).toContain('/chat');
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

  it('has others beside it, which answer while it does and have conversations of their own', async () => {
    const other = engine.beside('other');
    const chunks = await engine.chat.completions.create({ messages: user('Hi'), stream: true });
    const reading = chunks[Symbol.asyncIterator]();
    await reading.next();
    const answer = await other.chat.completions.create({ messages: user('Hi') });
    expect(answer.choices[0]!.message.content).toBe('The capital of France is Paris.');
    expect(generator.requests.map(({ conversation }) => conversation)).toEqual(['/chat', 'other/chat']);
    await other.resetChat();
    expect(forgotten).not.toContain('/chat');
    expect(forgotten).toContain('other/chat');
    expect((await reading.next()).done).toBe(false);
    await reading.return?.();
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
