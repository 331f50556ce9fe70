import { expect, test } from '@playwright/test';
import { encodeEntry } from '../../src/gguf/write.ts';
import { expectSwarmReady, joinWith, openTab } from './support/tab.ts';
import { startTinyServer } from './support/tiny-server.ts';

/** A second, and what a busy machine takes to start a worker. */
const PATIENCE_MS = 3000;
const ENDLESS = '{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}';
const BROKEN = '{% for m in messages %}{{ m.content }}{% endfor';

for (const [name, template, code] of [
  ['comes to no end', ENDLESS, 'timeout'],
  ['cannot be read', BROKEN, 'bad-gguf'],
] as const) {
  test(`a template that ${name} ends a chat by name, stops nothing, and leaves completions`, async ({ browser }) => {
    const entry = encodeEntry('tokenizer.chat_template', 'string', template);
    const server = await startTinyServer([], { type: 'Q4_1', metadata: { 'tokenizer.chat_template': entry } });
    const tab = await openTab(browser, server.url);
    await joinWith(tab, [0, 1, 2, 3]);
    await expectSwarmReady(tab.page);
    const told = await tab.page.evaluate(async () => {
      const { engine } = window.shoal;
      let [heldUpMs, beatAtMs] = [0, performance.now()];
      const beat = setInterval(() => {
        heldUpMs = Math.max(heldUpMs, performance.now() - beatAtMs);
        beatAtMs = performance.now();
      }, 10);
      const chat = () => engine.chatCompletion({ messages: [{ role: 'user', content: 'Hi' }] });
      const startedAtMs = performance.now();
      const error = await chat().then(
        () => undefined,
        ({ code, message }: { code: string; message: string }) => ({ code, message }),
      );
      const tookMs = performance.now() - startedAtMs;
      clearInterval(beat);
      const answer = await engine.completions.create({ prompt: 'hello', max_tokens: 3, temperature: 0 });
      return { error, tookMs, heldUpMs, tokens: answer.usage?.completion_tokens };
    });
    expect(told.error).toMatchObject({ code, message: expect.stringContaining('chat template') });
    expect(told.tookMs).toBeLessThan(PATIENCE_MS);
    expect(told.heldUpMs).toBeLessThan(PATIENCE_MS / 3);
    expect(told.tokens).toBeGreaterThan(0);
    console.log(`${name}: refused after ${Math.round(told.tookMs)} ms, page held up ${Math.round(told.heldUpMs)} ms`);
    await tab.context.close();
    await server.stop();
  });
}
