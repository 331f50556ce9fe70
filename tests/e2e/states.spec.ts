import { expect, test } from '@playwright/test';
import { tinyArchitecture } from '../fixtures/tiny-architectures.ts';
import { expectSwarmReady, joinWith, openTab, type Tab } from './support/tab.ts';
import { routeOf } from './support/telling.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

// Layers with a state, over tabs: conversations that go back, and a stage that vanishes.

test.describe.configure({ mode: 'serial' });

const model = tinyArchitecture('qwen35');
/** Said greedily; the second goes on from the first, the third takes back most of it, the fourth is said again. */
const PROMPTS = ['one two three four five', 'one two three four five six', 'one two', 'one two'];
const TOKENS = 40;

let server: TinyServer;
const tabs: Tab[] = [];
let alone: readonly string[];
/** A long answer to the first prompt. */
let undisturbed: string;

test.beforeAll(async () => {
  server = await startTinyServer(['--shards', '3'], { ...model, contextLength: 512 });
});

test.afterAll(async () => {
  await Promise.all(tabs.map(({ context }) => context.close()));
  await server?.stop();
});

/** The prompts' answers, one after the other in one conversation. */
function answersOf({ page }: Tab): Promise<string[]> {
  return page.evaluate(
    async ({ prompts, max_tokens }) => {
      const texts: string[] = [];
      for (const prompt of prompts) {
        const answer = await window.shoal.engine.completions.create({ prompt, max_tokens, temperature: 0 });
        texts.push(answer.choices[0]!.text);
      }
      return texts;
    },
    { prompts: PROMPTS, max_tokens: TOKENS },
  );
}

test('one tab answers prompts that share a beginning', async ({ browser }) => {
  const tab = await openTab(browser, server.url);
  await joinWith(tab, [0, 1, 2]);
  await expectSwarmReady(tab.page);
  alone = await answersOf(tab);
  expect(alone[3]).toBe(alone[2]);
  expect(new Set(alone).size).toBe(3);
  undisturbed = await tab.page.evaluate(async (prompt) => {
    const answer = await window.shoal.engine.completions.create({ prompt, max_tokens: 300, temperature: 0 });
    return answer.choices[0]!.text;
  }, PROMPTS[0]!);
  await tab.context.close();
});

test('three tabs and a spare give the same answers', async ({ browser }) => {
  for (const shard of [0, 1, 2, 1]) {
    const tab = await openTab(browser, server.url);
    tabs.push(tab);
    await joinWith(tab, [shard]);
  }
  await expectSwarmReady(tabs[0]!.page);
  expect(await answersOf(tabs[0]!)).toEqual(alone);
});

test('a stage vanishes in mid-answer: the spare takes over, and the answer is the same', async () => {
  const [asking] = tabs as [Tab];
  const answer = asking.page.evaluate(
    async ({ prompt, max_tokens }) => {
      const chunks = await window.shoal.engine.completions.create({ prompt, max_tokens, temperature: 0, stream: true });
      let text = '';
      for await (const chunk of chunks) {
        text += chunk.choices[0]?.text ?? '';
        document.title = `said ${text.length}`;
      }
      return text;
    },
    { prompt: PROMPTS[0]!, max_tokens: 300 },
  );
  await asking.page.waitForFunction(() => Number(document.title.slice(5)) > 100);
  const [, used] = await routeOf(asking);
  const peers = await Promise.all(tabs.map(({ page }) => page.evaluate(() => window.shoal.peerId)));
  const [gone] = tabs.splice(peers.indexOf(used!), 1);
  await gone!.context.close();
  expect(await answer).toBe(undisturbed);
  expect(await routeOf(asking)).not.toContain(used);
});
