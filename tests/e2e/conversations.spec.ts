import { readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';
import { findLongAnswers } from './support/asking.ts';
import { expectSwarmReady, openPage, openTab, type Tab, withSettings } from './support/tab.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

// Conversations with branches, in a list, kept by the browser: on a tab that runs a tiny model alone.

const SETTINGS = withSettings({ temperature: 0, maxTokens: 12 });

let server: TinyServer;
let tab: Tab;
let page: Page;

test.describe.configure({ mode: 'serial' });

test.beforeAll(async ({ browser }) => {
  server = await startTinyServer([], { type: 'Q4_1', contextLength: 2048 });
  tab = await openTab(browser, server.url, async (context) => {
    await SETTINGS(context);
    await context.addInitScript(slowWorkers);
  });
  page = tab.page;
  await page.getByTestId('run-all').click();
  await expectSwarmReady(page);
});

test.afterAll(async () => {
  await tab.context.close();
  await server.stop();
});

/** From `window.slow` on, what workers are told reaches them a moment later: a tiny model is too fast to be watched. */
function slowWorkers(): void {
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (this: Worker, ...args: unknown[]) {
    const post = () => postMessage.apply(this, args as Parameters<typeof postMessage>);
    if ((window as { slow?: boolean }).slow) setTimeout(post, 25);
    else post();
  } as typeof postMessage;
}

const messages = () => page.getByTestId('message');
const answer = () => page.locator('[data-testid=message][data-role=assistant]').last();
const textOf = (message: ReturnType<typeof answer>) => message.getByTestId('message-text').textContent();
const row = (title: string) => page.getByTestId('conversation').filter({ hasText: title });

async function ask(text: string): Promise<void> {
  await page.getByTestId('prompt').fill(text);
  await page.getByTestId('prompt').press('Enter');
  await expect(answer()).not.toHaveAttribute('data-state', 'streaming', { timeout: 60_000 });
}

async function openList(): Promise<void> {
  await page.getByTestId('conversations').click();
  await expect(page.getByTestId('conversation-drawer')).toBeVisible();
}

async function act(title: string, name: string): Promise<void> {
  const more = row(title).getByRole('button', { name: /^More about/ });
  if ((await more.getAttribute('aria-expanded')) !== 'true') await more.click();
  await row(title).getByRole('button', { name, exact: true }).click();
}

test('a question is asked otherwise and an answer made once more, beside the old ones', async () => {
  await ask('Tides');
  const old = await textOf(answer());
  await page.getByTestId('regenerate').click();
  await expect(page.getByTestId('branches')).toHaveText('‹2 of 2›');
  await expect(answer()).toHaveAttribute('data-state', 'done');
  // Greedy: the same answer again.
  expect(await textOf(answer())).toBe(old);
  await page.getByTestId('edit').click();
  await page.getByTestId('question-editor').fill('Moons');
  await page.getByTestId('question-editor').press('Enter');
  await expect(messages().first()).toHaveText('Moons');
  await expect(messages()).toHaveCount(2);
  await expect(answer()).toHaveAttribute('data-state', 'done');
  expect(await textOf(answer())).not.toBe(old);
  await page.getByRole('button', { name: 'Earlier version' }).first().click();
  await expect(messages().first()).toHaveText('Tides');
  expect(await textOf(answer())).toBe(old);
  // Escape leaves a question as it was, and stops nothing.
  await page.getByTestId('edit').click();
  await page.getByTestId('question-editor').press('Escape');
  await expect(messages().first()).toHaveText('Tides');
});

test('conversations are found, named, kept on top, and opened again after a reload', async () => {
  await page.getByTestId('new-conversation').click();
  await expect(messages()).toHaveCount(0);
  await ask('Bread');
  await page.reload();
  await expect(messages().first()).toHaveText('Bread');
  await expectSwarmReady(page);
  await openList();
  await expect(page.getByTestId('conversation')).toHaveCount(2);
  await page.getByTestId('conversation-search').fill('moons');
  await expect(page.getByTestId('conversation')).toHaveCount(1);
  await act('Tides', 'Rename');
  await page.keyboard.type('Sea');
  await page.keyboard.press('Enter');
  await act('Sea', 'Pin');
  await page.getByTestId('conversation-search').fill('');
  await expect(page.getByTestId('conversation').first()).toContainText('Sea');
  await row('Sea').getByRole('button', { name: /^Sea/ }).click();
  await expect(messages().first()).toHaveText('Tides');
  await expect(page.getByTestId('branches').first()).toHaveText('‹1 of 2›');
  await expect(page.getByTestId('conversation-title')).toHaveText('Sea');
  await expect(page.getByTestId('conversations')).toBeFocused();
});

test('several conversations answer at once', async () => {
  const [first, second] = (await findLongAnswers(tab, 300, 2)) as [string, string];
  await page.getByTestId('settings').locator('summary').first().click();
  await page.getByLabel('Longest answer, in tokens').fill('300');
  await page.keyboard.press('Tab');
  await page.evaluate(() => Object.assign(window, { slow: true }));
  const send = async (text: string) => {
    await page.getByTestId('new-conversation').click();
    await page.getByTestId('prompt').fill(text);
    await page.getByTestId('prompt').press('Enter');
    await expect.poll(async () => ((await textOf(answer())) ?? '').length, { timeout: 60_000 }).toBeGreaterThan(0);
  };
  await send(first);
  await send(second);
  await openList();
  const busy = page.getByTestId('conversation').filter({ hasText: 'answering' });
  await expect(busy).toHaveCount(2);
  await row(first).getByRole('button', { name: first }).first().click();
  await page.getByTestId('stop').click();
  await expect(answer()).toHaveAttribute('data-state', 'stopped');
  await openList();
  await row(second).getByRole('button', { name: second }).first().click();
  // The other one's end is not this one's.
  await expect(page.getByTestId('stop')).toBeVisible();
  await page.getByTestId('stop').click();
});

test('a conversation that is open in another tab is opened there only', async () => {
  const other = await openPage(tab.context, server.url);
  // Before its first prompt the swarm has the page: the conversation comes with the view of it.
  await expectSwarmReady(other.page);
  await other.page.getByTestId('conversations').click();
  const elsewhere = other.page.getByTestId('conversation').filter({ hasText: 'open in another tab' });
  await expect(elsewhere).toHaveCount(1);
  await expect(elsewhere.getByRole('button').first()).toBeDisabled();
  await other.page
    .getByTestId('conversation')
    .filter({ hasText: 'Bread' })
    .getByRole('button', { name: /^Bread/ })
    .click();
  await expect(other.page.getByTestId('message').first()).toHaveText('Bread');
  await other.page.close();
});

test('what is deleted can be had back, and what is saved can be taken in', async () => {
  await openList();
  await act('Sea', 'Delete');
  await expect(row('Sea')).toHaveCount(0);
  await page.getByTestId('undo').click();
  await expect(row('Sea')).toHaveCount(1);
  const saved: string[] = [];
  for (const name of ['Save as Markdown', 'Save as JSON']) {
    const download = page.waitForEvent('download');
    await act('Sea', name);
    saved.push(await (await download).path());
  }
  expect(readFileSync(saved[0]!, 'utf8')).toContain('# Sea\n\n## You\n\nTides');
  expect(readFileSync(saved[1]!, 'utf8')).toContain('Moons');
  await act('Sea', 'Delete');
  const [, json] = saved;
  await page.getByTestId('conversation-file').setInputFiles({
    name: 'sea.json',
    mimeType: 'application/json',
    buffer: readFileSync(json!),
  });
  await expect(row('Sea')).toHaveCount(1);
  await page.getByTestId('conversation-file').setInputFiles({
    name: 'notes.md',
    mimeType: 'text/markdown',
    buffer: Buffer.from('nothing of the kind'),
  });
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('alert')).toContainText('notes.md holds no conversation');
});

test('an answer shows its tokens, and goes on from any of them with what else was likely', async () => {
  await page.getByTestId('new-conversation').click();
  await ask('Rivers');
  const old = await textOf(answer());
  await page.getByTestId('tokens').click();
  const tokens = page.getByTestId('token');
  await expect(tokens.first()).toBeVisible();
  const before = await tokens.allTextContents();
  await tokens.nth(3).click();
  const others = page.getByTestId('token-others');
  await expect(others).toContainText('had');
  const first = (await others.getByRole('button').first().textContent())!;
  await others.getByRole('button').first().click();
  await expect(page.getByTestId('branches')).toHaveText('‹2 of 2›');
  await expect(answer()).not.toHaveAttribute('data-state', 'streaming');
  expect(await textOf(answer())).not.toBe(old);
  await page.getByTestId('tokens').click();
  await expect(tokens.first()).toBeVisible();
  const after = await tokens.allTextContents();
  expect(after.slice(0, 3)).toEqual(before.slice(0, 3));
  expect(after[3]).not.toBe(before[3]);
  expect(first).toContain(after[3]!);
  // Greedy: what was likeliest is drawn again.
  await tokens.nth(2).click();
  await others.getByRole('button', { name: 'Draw anew from here' }).click();
  await expect(page.getByTestId('branches')).toHaveText('‹3 of 3›');
  await expect(answer()).not.toHaveAttribute('data-state', 'streaming');
  expect(await textOf(answer())).toBe(old);
});

test('what might have stood in a token’s place is known after a reload, and goes with its conversation', async () => {
  await page.getByTestId('new-conversation').click();
  await ask('Lakes');
  await page.reload();
  await expectSwarmReady(page);
  await page.getByTestId('tokens').click();
  const tokens = page.getByTestId('token');
  await expect(tokens.first()).toHaveAttribute('aria-label', /%$/);
  await tokens.first().focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await expect(tokens.nth(1)).toHaveAttribute('aria-pressed', 'true');
  // All tokens are one stop of the Tab key.
  await page.keyboard.press('Tab');
  const other = page.getByTestId('token-others').getByRole('button').first();
  await expect(other).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('branches')).toHaveText('‹2 of 2›');
  await expect(answer()).not.toHaveAttribute('data-state', 'streaming');
  const keptTokens = () => page.evaluate(countTokens);
  const before = await keptTokens();
  await openList();
  await act('Lakes', 'Delete');
  await expect.poll(keptTokens).toBe(before - 2);
  await page.getByTestId('undo').click();
  await expect.poll(keptTokens).toBe(before);
});

/** In the page: answers whose tokens the browser keeps. */
function countTokens(): Promise<number> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('shoal-answer-tokens');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const counting = opening.result.transaction('answers').objectStore('answers').count();
      counting.onsuccess = () => resolve(counting.result);
      opening.result.close();
    };
  });
}
