import { type Browser, expect, type Page, test } from '@playwright/test';
import { tinyArchitecture } from '../fixtures/tiny-architectures.ts';
import { expectSwarmReady, joinWith, openTab, type Tab, withSettings } from './support/tab.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

// A long conversation whose page is opened anew goes on without reading its prompt again, to the same text. So it does
// where a stage was opened anew too; and where something of it is gone, or damaged, by reading all of it.

/** More than a thousand tokens of the tiny model's. */
const QUESTION = Array.from({ length: 160 }, (_, index) => `Hello ${index}`).join(' ');
const NEXT = 'And then?';
/** New tokens of the second question: itself, and the template's. */
const FEW = 100;
const MANY = 1000;

let server: TinyServer;
let nodes: Tab[];
/** The second answer of a page that was open all the while. */
let undisturbed: Answer;

interface Answer {
  readonly text: string;
  /** Of the prompt, that had to be computed. */
  readonly newTokens: number;
}

test.beforeAll(async ({ browser }) => {
  // Layers with keys and values, and layers with states; the first stage has only such.
  const model = tinyArchitecture('qwen35');
  server = await startTinyServer([], { ...model, contextLength: 4096 });
  nodes = [await openTab(browser, server.url), await openTab(browser, server.url)];
  await joinWith(nodes[0]!, [0, 1]);
  await joinWith(nodes[1]!, [2, 3]);
  const { page, context } = await openAsker(browser);
  const first = await ask(page, QUESTION);
  expect(first.newTokens).toBeGreaterThan(MANY);
  undisturbed = await ask(page, NEXT);
  expect(undisturbed.newTokens).toBeLessThan(FEW);
  await context.close();
});

test.afterAll(async () => {
  await Promise.all(nodes.map(({ context }) => context.close()));
  await server.stop();
});

async function openAsker(browser: Browser): Promise<Tab> {
  const tab = await openTab(browser, server.url, withSettings({ temperature: 0, maxTokens: 12 }));
  await expectSwarmReady(tab.page);
  return tab;
}

/** Asks, and waits for the answer. */
async function ask(page: Page, question: string): Promise<Answer> {
  const answers = page.locator('[data-testid=message][data-role=assistant]');
  const before = await answers.count();
  await page.getByTestId('prompt').fill(question);
  await page.getByTestId('prompt').press('Enter');
  await expect(answers).toHaveCount(before + 1);
  const answer = answers.last();
  await expect(answer).toHaveAttribute('data-state', 'done', { timeout: 120_000 });
  const text = (await answer.getByTestId('message-text').textContent()) ?? '';
  const note = (await answer.textContent()) ?? '';
  return { text, newTokens: Number(/(\d+) new prompt tokens?/.exec(note)?.[1]) };
}

/** Waits until the stages have kept the tab's conversation so many times. */
async function untilKept(tab: Tab, times = 1): Promise<void> {
  const kept = () => tab.console.filter((line) => line.includes('is kept for a reload')).length;
  await expect.poll(kept, { timeout: 30_000 }).toBe(times);
}

/** A first question that is kept. */
async function talk(browser: Browser): Promise<Tab> {
  const tab = await openAsker(browser);
  await ask(tab.page, QUESTION);
  await untilKept(tab);
  return tab;
}

async function reload(page: Page): Promise<void> {
  await page.reload();
  await expect(page.getByTestId('message')).toHaveCount(2);
  await expectSwarmReady(page);
}

/** Keys of what a tab's browser keeps of sessions. @param damage - flips a bit of every part */
function checkpointsOf(page: Page, damage = false): Promise<string[]> {
  return page.evaluate(async (damage) => {
    // To open one that is not there would make it.
    if (!(await indexedDB.databases()).some(({ name }) => name === 'shoal-checkpoints')) return [];
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = indexedDB.open('shoal-checkpoints');
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const store = (mode: IDBTransactionMode) => database.transaction('checkpoints', mode).objectStore('checkpoints');
    const keys = await done(store('readonly').getAllKeys());
    for (const key of damage ? keys.filter((each) => String(each).startsWith('part/')) : []) {
      const part = (await done(store('readonly').get(key))) as { blob: Blob };
      const bytes = new Uint8Array(await part.blob.arrayBuffer());
      bytes[bytes.length >> 1]! ^= 4;
      await done(store('readwrite').put({ ...part, blob: new Blob([bytes]) }, key));
    }
    database.close();
    return keys.map(String);
  }, damage);
}

async function expectGoesOn(page: Page): Promise<void> {
  const answer = await ask(page, NEXT);
  expect(answer.text).toBe(undisturbed.text);
  expect(answer.newTokens).toBe(undisturbed.newTokens);
}

async function expectReadAgain(page: Page): Promise<void> {
  const answer = await ask(page, NEXT);
  expect(answer.text).toBe(undisturbed.text);
  expect(answer.newTokens).toBeGreaterThan(MANY);
}

test('a page that is opened anew goes on without reading its prompt again', async ({ browser }) => {
  const tab = await talk(browser);
  await reload(tab.page);
  await expectGoesOn(tab.page);
  // It is kept again with what was said since.
  await untilKept(tab, 2);
  await tab.context.close();
});

test('so it does where a stage was opened anew meanwhile', async ({ browser }) => {
  const tab = await talk(browser);
  await nodes[1]!.page.reload();
  await expect(nodes[1]!.page.getByTestId('shard-3')).toHaveAttribute('data-state', 'ready', { timeout: 90_000 });
  await reload(tab.page);
  await expectGoesOn(tab.page);
  await tab.context.close();
});

test('where a stage finds it damaged, or has lost it, all of it is read again', async ({ browser }) => {
  const tab = await talk(browser);
  const before = await checkpointsOf(nodes[0]!.page, true);
  await reload(tab.page);
  await expectReadAgain(tab.page);
  await untilKept(tab, 2);
  const after = await checkpointsOf(nodes[0]!.page);
  expect(after.filter((key) => key.startsWith('head/') && before.includes(key)).length).toBeLessThan(
    before.filter((key) => key.startsWith('head/')).length,
  );
  await tab.context.close();
});

test('a tab that runs everything by itself goes on so', async ({ browser }) => {
  const tab = await openAsker(browser);
  const { page, context } = tab;
  await page.getByTestId('run-all').click();
  for (const shard of [0, 1, 2, 3])
    await expect(page.getByTestId(`shard-${shard}`)).toHaveAttribute('data-state', 'ready', { timeout: 90_000 });
  await ask(page, QUESTION);
  await untilKept(tab);
  await reload(page);
  await expect(page.getByTestId('shard-3')).toHaveAttribute('data-state', 'ready', { timeout: 90_000 });
  await expectGoesOn(page);
  await context.close();
});

test('with a conversation, what its stages keep of it is deleted', async ({ browser }) => {
  const heads = async () =>
    (await Promise.all(nodes.map(({ page }) => checkpointsOf(page)))).map(
      (keys) => keys.filter((key) => key.startsWith('head/')).length,
    );
  const before = await heads();
  const tab = await talk(browser);
  expect(await heads()).toEqual(before.map((count) => count + 1));
  const { page } = tab;
  await page.getByTestId('conversations').click();
  await page.getByRole('button', { name: /^More about/ }).click();
  await page.getByTestId('conversation-drawer').getByRole('button', { name: 'Delete', exact: true }).click();
  await expect.poll(heads).toEqual(before);
  await tab.context.close();
});
