import { beforeEach, describe, expect, it } from 'vitest';
import type { AnswerSoFar } from '../../../src/api/index.ts';
import type { GenerationRequest } from '../../../src/swarm/coordinator/generation.ts';
import { readAll, type ScriptedEngine, scriptedEngine, tokenizer, user } from '../../support/scripted-engine.ts';

let engine: ScriptedEngine['engine'];
let generator: ScriptedEngine['generator'];
function serve(...texts: string[]): void {
  ({ engine, generator } = scriptedEngine(...texts));
}
beforeEach(() => serve('The capital of France is Paris.'));

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

describe('a reader that has gone', () => {
  /** Reads twice and leaves, without a word. */
  async function leave() {
    const chunks = await engine.chat.completions.create({ messages: user('Hi'), stream: true });
    const reader = chunks[Symbol.asyncIterator]();
    await reader.next();
    await reader.next();
    return reader;
  }

  it.each([
    ['interruptGenerate', () => engine.interruptGenerate()],
    ['unload', () => engine.unload()],
  ])('holds nobody up after %s', async (_, end) => {
    await leave();
    await end();
    const next = await engine.chat.completions.create({ messages: user('Hi') });
    expect(next.choices[0]!.finish_reason).toBe('stop');
    expect(generator.closed).toBe(2);
  });

  it('that comes back has the end of its answer', async () => {
    const reader = await leave();
    await engine.interruptGenerate();
    await engine.chat.completions.create({ messages: user('Hi') });
    expect((await reader.next()).value.choices[0]).toMatchObject({ finish_reason: 'abort' });
    expect((await reader.next()).done).toBe(true);
  });

  it('that goes after the interruption holds nobody up either', async () => {
    generator.onStep = (step) =>
      step === 2 && generator.requests.length === 1 ? engine.interruptGenerate() : undefined;
    const chunks = await engine.chat.completions.create({ messages: user('Hi'), stream: true });
    const reader = chunks[Symbol.asyncIterator]();
    let finish: string | null | undefined;
    while (!finish) finish = (await reader.next()).value.choices[0].finish_reason;
    expect(finish).toBe('abort');
    const next = await engine.chat.completions.create({ messages: user('Hi') });
    expect(next.choices[0]!.finish_reason).toBe('stop');
  });

  it('lets a kept answer that waits behind it be stopped, and the next have its turn', async () => {
    await leave();
    const stop = new AbortController();
    const keeping = { begun: undefined, onProgress: () => {}, signal: stop.signal };
    const waiting = readAll(engine.keptChatCompletion({ messages: user('Hi') }, keeping));
    const after = engine.chat.completions.create({ messages: user('Hi') });
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
    await engine.interruptGenerate();
    expect((await after).choices[0]!.finish_reason).toBe('stop');
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
