import { readFileSync } from 'node:fs';
import { type Browser, expect, test } from '@playwright/test';
import { type ServerProcess, startServer } from './support/server.ts';
import { expectShardState, expectSwarmReady, joinWith, openPage, openTab, type Tab } from './support/tab.ts';

// Four tabs with a shard each and a guest, in separate browser contexts, on the real default model.

interface Message {
  readonly role: 'user' | 'assistant' | 'system';
  readonly content: string;
}

interface GreedyCase {
  /** A conversation, or */
  readonly messages?: readonly Message[];
  /** a text to go on with. */
  readonly prompt?: string;
  readonly ids: readonly number[];
  readonly text: string;
  readonly endsWithEos: boolean;
  readonly nearTie?: boolean;
}

const reference = JSON.parse(readFileSync('tests/reference/smollm2-135m-q4_1.json', 'utf8')) as {
  greedy: GreedyCase[];
};
const cases = reference.greedy.filter(({ nearTie }) => !nearTie);
const france = cases[0]!;

interface Probe {
  readonly text: string;
  readonly tokens: number;
  /** Every number that the last stage sent: candidates' log probabilities, exact. */
  readonly logprobs: unknown;
}

/** What a program asks at the console, greedy. */
function ask(
  { page }: Tab,
  { messages, prompt }: Pick<GreedyCase, 'messages' | 'prompt'>,
  maxTokens: number,
): Promise<Probe> {
  return page.evaluate(
    async ({ messages, prompt, maxTokens }) => {
      const { engine } = window.shoal;
      const options = { temperature: 0, max_tokens: maxTokens, logprobs: true, top_logprobs: 5 };
      if (messages) {
        const answer = await engine.chat.completions.create({ messages: messages as never, ...options });
        const choice = answer.choices[0]!;
        return {
          text: choice.message.content ?? '',
          tokens: answer.usage!.completion_tokens,
          logprobs: choice.logprobs?.content,
        };
      }
      const answer = await engine.completions.create({ prompt: prompt!, ...options });
      const choice = answer.choices[0]!;
      return { text: choice.text, tokens: answer.usage!.completion_tokens, logprobs: choice.logprobs?.content };
    },
    { messages, prompt, maxTokens },
  );
}

test.describe.configure({ mode: 'serial' });

let server: ServerProcess;
let nodes: Tab[];
let guest: Tab;
let invite: string;

test.beforeAll(async ({ browser }) => {
  server = await startServer();
  const first = await openTab(browser, server.url);
  invite = ((await first.page.getByTestId('invite-link').textContent()) ?? '').trim();
  await joinWith(first, [0]);
  // Spreading the model, it fetches and seeds the shards that it does not run as well.
  await expect
    .poll(() => first.console.some((line) => line.includes('Primary shards (0-3): 4/4 seeded')), { timeout: 60_000 })
    .toBe(true);
  nodes = [first];
  for (const shard of [1, 2, 3]) nodes.push(await openNodeWithoutWebSeed(browser, shard));
});

test.afterAll(async () => {
  await Promise.all([...(nodes ?? []), ...(guest ? [guest] : [])].map(({ context }) => context.close()));
  expect(await server?.stop()).toBe(0);
});

/** A tab for which the server's copy of the weights does not exist: every byte comes from other tabs. */
async function openNodeWithoutWebSeed(browser: Browser, shard: number): Promise<Tab> {
  const tab = await openTab(browser, invite, (context) => context.route(/shard-\d+\.gguf/, (route) => route.abort()));
  await joinWith(tab, [shard]);
  return tab;
}

test('the swarm is ready in every tab, and in a guest that holds nothing', async ({ browser }) => {
  for (const { page } of nodes) await expectSwarmReady(page);
  await expect(nodes[0]!.page.getByTestId('swarm')).toHaveAttribute('data-nodes', '4');
  guest = await openTab(browser, invite);
  await expectSwarmReady(guest.page);
});

test('a prompt typed into the page is answered, and the answer is the reference', async () => {
  const { page } = guest;
  await page.getByTestId('settings').locator('summary').click();
  await page.getByLabel(/temperature/i).fill('0');
  await page.keyboard.press('Escape');
  await page.getByTestId('prompt').fill(france.messages![0]!.content);
  await page.getByTestId('prompt').press('Enter');
  const answer = page.locator('[data-testid=message][data-role=assistant]').last();
  await expect(answer).toHaveAttribute('data-state', 'done', { timeout: 60_000 });
  await expect(answer).toContainText('The capital of France is Paris.');
  await expect(page.getByTestId('lap-stage')).toHaveCount(4);
  for (const { console: lines } of nodes)
    expect(lines.some((line) => line.includes('[EXECUTE_TASK] Processing inference for shard'))).toBe(true);
});

for (const [index, greedy] of cases.entries()) {
  const { messages, prompt, ids, text, endsWithEos } = greedy;
  test(`greedy case ${index}: “${(messages?.at(-1)?.content ?? prompt)!.trim().slice(0, 40)}”`, async () => {
    const expected = endsWithEos ? ids.slice(0, -1) : ids;
    const answer = await ask(guest, greedy, ids.length);
    expect(answer.text).toBe(text.replace(/<\|im_end\|>$/, ''));
    expect(answer.tokens).toBe(expected.length);
  });
}

test('one tab with all four shards gives the same numbers bit for bit', async ({ browser }) => {
  const split = await ask(guest, france, 12);
  const alone = await startServer();
  try {
    const tab = await openTab(browser, alone.url);
    await tab.page.getByTestId('run-all').click();
    for (let shard = 0; shard < 4; shard++) await expectShardState(tab.page, shard, 'ready');
    await expectSwarmReady(tab.page);
    const whole = await ask(tab, france, 12);
    expect(whole.text.length).toBeGreaterThan(0);
    expect(whole).toEqual(split);
    await tab.context.close();
  } finally {
    await alone.stop();
  }
});

test('the verification passes on the whole swarm', async () => {
  const checks = await guest.page.evaluate(() => window.shoal.verify());
  expect(checks.filter(({ passed }) => !passed)).toEqual([]);
  expect(checks.length).toBeGreaterThan(20);
});

test('a reopened tab loads its shard from storage and moves no byte of it', async () => {
  const { context, page } = nodes[3]!;
  await page.close();
  const reopened = await openPage(context, invite);
  nodes[3] = reopened;
  await expectShardState(reopened.page, 3, 'ready');
  await expectSwarmReady(reopened.page);
  const row = reopened.page.getByTestId('shard-3');
  await expect(row).toContainText('hash verified');
  const received = await reopened.page.evaluate(async () => {
    const { models } = await (await fetch('/config.json')).json();
    const { shards } = await (await fetch(`/models/${models[0].name}/manifest.json`)).json();
    return window.shoal.transfers().find(({ infoHash }) => infoHash === shards[3].infoHash)?.receivedBytes;
  });
  expect(received).toBe(0);
  expect(reopened.console.join('\n')).toContain('[SHARD] ✓✓✓ SHARD 3 LOADED BEFORE JOINING NETWORK ✓✓✓');
  expect((await ask(guest, france, france.ids.length)).text).toBe(france.text.replace(/<\|im_end\|>$/, ''));
});

test('a node that leaves in mid-answer ends it with a clear message, and what was generated stays', async () => {
  const { page } = guest;
  await page.getByTestId('prompt').fill('Tell me a long story about a lighthouse.');
  await page.getByTestId('prompt').press('Enter');
  const answer = page.locator('[data-testid=message][data-role=assistant]').last();
  await expect.poll(async () => ((await answer.textContent()) ?? '').length, { timeout: 60_000 }).toBeGreaterThan(20);
  await nodes[1]!.page.close();
  await expect(answer).toHaveAttribute('data-state', 'error', { timeout: 30_000 });
  await expect(answer).toContainText(/layers 8-15|shard 1/i);
  expect(((await answer.textContent()) ?? '').length).toBeGreaterThan(20);
  await expect(page.getByTestId('swarm')).toHaveAttribute('data-state', 'waiting', { timeout: 30_000 });
});
