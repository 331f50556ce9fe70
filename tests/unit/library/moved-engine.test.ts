import { describe, expect, test, vi } from 'vitest';
import type { Engine } from '../../../src/library/engine.ts';
import { MovedEngine } from '../../../src/library/web-llm/moved-engine.ts';

const ASKED = { messages: [{ role: 'user' as const, content: 'Hello!' }] };
const LLAMA = 'Llama-3.1-8B-Instruct-q4f32_1-MLC';

/** An engine that keeps the requests, and how often it was opened and closed. */
function scripted() {
  const requests: unknown[] = [];
  const close = vi.fn(async () => undefined);
  const engine = {
    modelId: () => 'tiny',
    chatCompletion: async (request: unknown) => void requests.push(request),
    completion: async (request: unknown) => void requests.push(request),
    interruptGenerate: async () => undefined,
  } as unknown as Engine;
  const open = vi.fn(async () => ({ engine, close }));
  return { open, close, requests, engine: new MovedEngine(open) };
}

describe("an engine in WebLLM's place", () => {
  test('is opened once, whichever model the app names, and tells that it is ready', async () => {
    const { engine, open } = scripted();
    const texts: string[] = [];
    engine.setInitProgressCallback(({ text }) => texts.push(text));
    await engine.reload(LLAMA);
    await engine.reload(['Another-MLC']);
    expect(open).toHaveBeenCalledTimes(1);
    expect(texts.at(-1)).toBe('tiny is ready');
  });

  test("gives requests the app's options where they say nothing, and leaves the app's name of the model out", async () => {
    const { engine, requests } = scripted();
    await engine.reload(LLAMA, { temperature: 0.3, top_p: 0.9, context_window_size: 2048 });
    await engine.chat.completions.create({ ...ASKED, model: LLAMA, temperature: 1 });
    await engine.completions.create({ prompt: 'Hello', model: 'gpt-4' });
    expect(requests).toEqual([
      { ...ASKED, model: null, temperature: 1, top_p: 0.9 },
      { prompt: 'Hello', model: 'gpt-4', temperature: 0.3, top_p: 0.9 },
    ]);
  });

  test('refuses options that would change answers, and several models', async () => {
    const { engine, open } = scripted();
    await expect(engine.reload(LLAMA, { vocab_size: 3 })).rejects.toMatchObject({
      code: 'bad-request',
      message: expect.stringContaining('"vocab_size"'),
    });
    await expect(engine.reload(['a', 'b'])).rejects.toMatchObject({ code: 'bad-request' });
    expect(open).not.toHaveBeenCalled();
  });

  test('answers nothing before it is loaded or after it is unloaded, and is loaded again', async () => {
    const { engine, open, close } = scripted();
    await expect(engine.chatCompletion(ASKED)).rejects.toMatchObject({ message: expect.stringContaining('reload()') });
    await engine.reload(LLAMA);
    await engine.unload();
    expect(close).toHaveBeenCalledTimes(1);
    await expect(engine.chatCompletion(ASKED)).rejects.toMatchObject({ code: 'bad-request' });
    await engine.reload(LLAMA);
    expect(open).toHaveBeenCalledTimes(2);
  });

  test('that could not be opened is tried anew', async () => {
    const { engine, open } = scripted();
    open.mockRejectedValueOnce(new Error('away'));
    await expect(engine.reload(LLAMA)).rejects.toThrow('away');
    await engine.reload(LLAMA);
    expect(open).toHaveBeenCalledTimes(2);
  });
});
