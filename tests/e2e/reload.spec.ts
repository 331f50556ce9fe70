import { type Browser, expect, type Page, test } from '@playwright/test';
import { findLongAnswers } from './support/asking.ts';
import { crash } from './support/faults.ts';
import { expectSwarmReady, joinWith, openPage, openTab, type Tab, withSettings } from './support/tab.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

test.use({ serviceWorkers: 'allow' });

// The tab where the prompt was typed goes in mid-answer and comes back: the conversation is there, and the answer goes
// on to the very text that it would have been.

/** Long enough that the answer is under way when the page goes. */
const TOKENS = 600;

let server: TinyServer;
let nodes: Tab[];
let prompt: string;
let undisturbed: string;

test.beforeAll(async ({ browser }) => {
  server = await startTinyServer([], { type: 'Q4_1', contextLength: 1024 });
  nodes = [await openTab(browser, server.url), await openTab(browser, server.url)];
  await joinWith(nodes[0]!, [0, 1]);
  await joinWith(nodes[1]!, [2, 3]);
  const { page, context } = await openAsker(browser);
  [prompt] = (await findLongAnswers({ page }, TOKENS, 1)) as [string];
  await send(page);
  await expectDone(page);
  undisturbed = await textOf(page);
  await context.close();
});

test.afterAll(async () => {
  await Promise.all(nodes.map(({ context }) => context.close()));
  await server.stop();
});

async function openAsker(browser: Browser): Promise<Tab> {
  const tab = await openTab(browser, server.url, withSettings({ temperature: 0, maxTokens: TOKENS }));
  await expectSwarmReady(tab.page);
  return tab;
}

const answerOf = (page: Page) => page.locator('[data-testid=message][data-role=assistant]').last();

async function send(page: Page): Promise<void> {
  await page.getByTestId('prompt').fill(prompt);
  await page.getByTestId('prompt').press('Enter');
}

/** As drawn: a tiny model's text is no sense, but the same tokens draw the same. */
async function textOf(page: Page): Promise<string> {
  return (await answerOf(page).getByTestId('message-text').textContent()) ?? '';
}

/** Waits until some of the answer is there, and not all. */
async function untilUnderWay(page: Page): Promise<number> {
  await expect
    .poll(async () => (await textOf(page)).length, { timeout: 60_000, intervals: [50] })
    .toBeGreaterThan(undisturbed.length / 10);
  await expect(answerOf(page)).toHaveAttribute('data-state', 'streaming');
  return (await textOf(page)).length;
}

async function expectDone(page: Page): Promise<void> {
  await expect(answerOf(page)).toHaveAttribute('data-state', 'done', { timeout: 120_000 });
}

/** The answer has gone on from where it was, to the same end; nothing was typed again. */
async function expectGoesOn(page: Page, leastKept = 1): Promise<void> {
  await expectDone(page);
  expect(await textOf(page)).toBe(undisturbed);
  await expect(page.getByTestId('message')).toHaveCount(2);
  const row = page.locator('[data-testid=timeline-row][data-kind=reopened]');
  await expect(row).toHaveCount(1);
  const kept = Number(/(\d+) tokens? kept/.exec((await row.textContent()) ?? '')?.[1]);
  expect(kept).toBeGreaterThanOrEqual(leastKept);
  expect(kept).toBeLessThan(TOKENS);
}

test('a guest reloads in mid-answer, and the answer goes on', async ({ browser }) => {
  const { page, context } = await openAsker(browser);
  await send(page);
  await untilUnderWay(page);
  await page.reload();
  // Before the swarm is there again, what was said already is.
  await expect(page.getByTestId('message')).toHaveCount(2);
  await expectGoesOn(page);
  await context.close();
});

test('a guest crashes in mid-answer and is opened again, and the answer goes on', async ({ browser }) => {
  const asker = await openAsker(browser);
  const { page, context } = asker;
  await send(page);
  await untilUnderWay(page);
  await crash(asker);
  await page.close();
  const reopened = await openPage(context, server.url);
  // A crash says nothing first: it may come before the first tokens are kept.
  await expectGoesOn(reopened.page, 0);
  await context.close();
});

test('a tab that is a stage of its own answer reloads, and the answer goes on', async ({ browser }) => {
  const { page, context } = await openAsker(browser);
  await page.getByTestId('run-all').click();
  for (const shard of [0, 1, 2, 3]) {
    await expect(page.getByTestId(`shard-${shard}`)).toHaveAttribute('data-state', 'ready', { timeout: 90_000 });
  }
  await send(page);
  await untilUnderWay(page);
  const self = await page.evaluate(() => window.shoal.peerId);
  expect(await page.evaluate(() => window.shoal.lap?.stages.map(({ peerId }) => peerId))).toContain(self);
  await page.reload();
  await expectGoesOn(page);
  await context.close();
});

test('two tabs of one browser keep their conversations apart, and a new conversation is a new one after a reload', async ({
  browser,
}) => {
  const { page: first, context } = await openAsker(browser);
  await send(first);
  await untilUnderWay(first);
  await first.getByTestId('stop').click();
  const { page: second } = await openPage(context, server.url);
  await expectSwarmReady(second);
  await expectConversations(first, 1);
  await expect(second.getByTestId('message')).toHaveCount(0);
  await first.reload();
  await expect(first.getByTestId('message')).toHaveCount(2);
  await expect(answerOf(first)).toHaveAttribute('data-state', 'stopped');
  await first.getByTestId('new-conversation').click();
  await first.reload();
  await expectSwarmReady(first);
  await expect(first.getByTestId('message')).toHaveCount(0);
  // The old one is in the list.
  await expectConversations(first, 1);
  await context.close();
});

/** How many conversations the browser keeps. */
async function expectConversations(page: Page, expected: number): Promise<void> {
  const count = () =>
    page.evaluate(
      () =>
        new Promise<number>((resolve, reject) => {
          const opening = indexedDB.open('shoal-conversations');
          opening.onerror = () => reject(opening.error);
          opening.onsuccess = () => {
            const counting = opening.result.transaction('conversations').objectStore('conversations').count();
            counting.onsuccess = () => {
              opening.result.close();
              resolve(counting.result);
            };
          };
        }),
    );
  await expect.poll(count, { timeout: 10_000 }).toBe(expected);
}
