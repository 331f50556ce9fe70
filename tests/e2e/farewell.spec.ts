import { type Browser, expect, type Page, test } from '@playwright/test';
import { expectSwarmReady, joinWith, openTab, type Tab, withSettings } from './support/tab.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

// Two devices, the most common swarm there is, and one of them leaves.

const TOKENS = 400;

let server: TinyServer;
let stays: Tab;
let leaves: Tab;

test.beforeEach(async ({ browser }) => {
  server = await startTinyServer([], { type: 'Q4_1', contextLength: 1024 });
  [stays, leaves] = await Promise.all([openNode(browser, [0, 1]), openNode(browser, [2, 3])]);
  await expectSwarmReady(stays.page);
});

test.afterEach(async () => {
  await Promise.all([stays, leaves].map(({ context }) => context.close()));
  await server.stop();
});

/** A tab that spreads nothing by itself, so that what others have is known; it takes what it is asked to keep. */
async function openNode(browser: Browser, shards: readonly number[]): Promise<Tab> {
  const tab = await openTab(browser, server.url, withSettings({ temperature: 0, maxTokens: TOKENS }));
  await joinWith(tab, shards);
  return tab;
}

/** A long greedy answer; `then` happens after a part of it. */
function askLong(page: Page): Promise<string> {
  return page.evaluate(async (tokens) => {
    for (let number = 0; number < 60; number++) {
      const chunks = await window.shoal.engine.chat.completions.create({
        ...{ messages: [{ role: 'user', content: `Hello ${number}` }], temperature: 0, max_tokens: tokens },
        ...{ stream: true },
      });
      let text = '';
      let reason: string | null | undefined;
      let count = 0;
      for await (const { choices } of chunks) {
        text += choices[0]?.delta.content ?? '';
        reason = choices[0]?.finish_reason ?? reason;
        if (++count === 30) document.title = `under way ${number}`;
      }
      if (reason === 'length') return text;
    }
    throw new Error('No prompt is answered at length.');
  }, TOKENS);
}

test('an answer goes on when the other device goes: the tab that asks loads the layers itself', async () => {
  const undisturbed = await askLong(stays.page);
  const number = (await stays.page.title()).replace('under way ', '');
  const answer = askLong(stays.page);
  await expect.poll(() => stays.page.title(), { timeout: 60_000, intervals: [20] }).toBe(`under way ${number}`);
  await leaves.page.close();
  expect(await answer).toBe(undisturbed);
  await expectSwarmReady(stays.page);
  expect(await stays.page.evaluate(() => window.shoal.engine.runtimeStatsText())).toBeTruthy();
});

test('a tab that is closed asks first while an answer needs it, and only then', async () => {
  const { page } = leaves;
  const asks = () => page.evaluate(() => !dispatchEvent(new Event('beforeunload', { cancelable: true })));
  const asked: string[] = [];
  page.on('dialog', async (dialog) => {
    asked.push(dialog.type());
    await dialog.dismiss();
  });
  const answer = askLong(stays.page);
  await expect.poll(() => stays.page.title(), { timeout: 60_000, intervals: [20] }).toContain('under way');
  await page.close({ runBeforeUnload: true });
  await expect.poll(() => asked).toEqual(['beforeunload']);
  expect(await asks()).toBe(true);
  expect((await answer).length).toBeGreaterThan(0);
  expect(page.isClosed()).toBe(false);
  // The answer is over for some seconds: nobody needs the tab.
  await expect.poll(asks, { timeout: 60_000 }).toBe(false);
});

test('a tab says what others lose before it leaves, and waits until they have it', async () => {
  const { page } = leaves;
  await page.getByTestId('leave').click();
  const note = page.getByTestId('farewell');
  await expect(note).toContainText('Only this tab has shards 2 and 3', { timeout: 30_000 });
  await page.getByTestId('stay').click();
  await expect(note).toHaveCount(0);

  await page.getByTestId('leave').click();
  await page.getByTestId('leave-copied').click();
  // The other one does not help to spread the model.
  await expect(page.getByTestId('alert')).toContainText('No other tab takes shard 2');
  await expect(page.getByTestId('leave')).toBeEnabled();

  await stays.page.getByTestId('settings').locator('summary').click();
  await stays.page.getByLabel('Help spread the model').check();
  await page.getByTestId('leave').click();
  await page.getByTestId('leave-copied').click();
  await expect(page.getByTestId('leave')).toHaveCount(0, { timeout: 60_000 });
  const stored = await stays.page.evaluate(() =>
    window.shoal.transfers().map(({ storedBytes, totalBytes }) => storedBytes === totalBytes),
  );
  expect(stored).toEqual([true, true, true, true]);
  await leaves.page.close();
  // What is stored is loaded when somebody asks.
  expect(await askLong(stays.page)).not.toBe('');
});
