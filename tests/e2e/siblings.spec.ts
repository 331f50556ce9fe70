import { type Browser, type BrowserContext, expect, type Page, test } from '@playwright/test';
import { readMetric } from '../support/read-metric.ts';
import { startServer } from './support/server.ts';
import {
  expectShardState,
  expectSwarmReady,
  joinWith,
  openPage,
  openTab,
  type Tab,
  withSettings,
} from './support/tab.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

test.use({ serviceWorkers: 'allow' });

// Several tabs of one browser: they share its storage, and each has a place of its own in the swarm.

const ALONE = withSettings({});

let server: TinyServer;
let context: BrowserContext;

test.beforeEach(async ({ browser }) => {
  server = await startTinyServer();
  context = await newContext(browser);
});

test.afterEach(async () => {
  await context.close();
  await server.stop();
});

async function newContext(browser: Browser): Promise<BrowserContext> {
  const fresh = await browser.newContext();
  await ALONE(fresh);
  return fresh;
}

/** Two tabs of one browser that serve all. */
async function openPair(): Promise<[Tab, Tab]> {
  const pair: [Tab, Tab] = [await openPage(context, server.url), await openPage(context, server.url)];
  await joinWith(pair[0], [0, 1]);
  await joinWith(pair[1], [2, 3]);
  return pair;
}

const states = (page: Page) =>
  page.evaluate(() =>
    [0, 1, 2, 3].map((index) => document.querySelector<HTMLElement>(`[data-testid=shard-${index}]`)?.dataset.state),
  );

const sentBytes = () => readMetric(server.url, 'shoal_sent_bytes_total{kind="models"}');

const modelBytes = (page: Page) =>
  page.evaluate(() => window.shoal.transfers().reduce((sum, { totalBytes }) => sum + totalBytes, 0));

test('a reloaded tab takes its own place again, and a new tab takes none', async () => {
  const [first, second] = await openPair();
  await first.page.reload();
  await expectShardState(first.page, 0, 'ready');
  await expectShardState(first.page, 1, 'ready');
  expect(await states(first.page)).toEqual(['ready', 'ready', 'absent', 'absent']);
  expect(await states(second.page)).toEqual(['absent', 'absent', 'ready', 'ready']);
  const third = await openPage(context, server.url);
  await expectSwarmReady(third.page);
  expect(await states(third.page)).toEqual(['absent', 'absent', 'absent', 'absent']);
  expect(await third.page.evaluate(() => window.shoal.transfers().map(({ phase }) => phase))).not.toContain('seeding');
});

test('the tabs of a browser that was closed take the places that were open, one each', async () => {
  const pair = await openPair();
  for (const { page } of pair) await page.close();
  const first = await openPage(context, server.url);
  await expect.poll(async () => (await states(first.page)).filter((state) => state === 'ready').length).toBe(2);
  const second = await openPage(context, server.url);
  await expectSwarmReady(second.page);
  const both = [await states(first.page), await states(second.page)];
  expect(both.sort()).toEqual([
    ['absent', 'absent', 'ready', 'ready'],
    ['ready', 'ready', 'absent', 'absent'],
  ]);
});

test('a shard is fetched and stored once for all tabs of a browser, and each seeds it', async ({ browser }) => {
  const tabs = await Promise.all(Array.from({ length: 3 }, () => openPage(context, server.url)));
  for (const { page } of tabs) await page.getByTestId('run-all').click();
  for (const { page } of tabs) await expectSwarmReady(page);
  for (const { page } of tabs) for (const shard of [0, 1, 2, 3]) await expectShardState(page, shard, 'ready');
  // The manifest and the torrents come beside.
  expect(await sentBytes()).toBeLessThan(1.2 * (await modelBytes(tabs[0]!.page)));
  for (const { page } of tabs) {
    const phases = await page.evaluate(() => window.shoal.transfers().map(({ phase }) => phase));
    expect(phases).toEqual(['seeding', 'seeding', 'seeding', 'seeding']);
  }
  // What any of them seeds, another browser gets.
  for (const { page } of tabs.slice(1)) await page.close();
  const stranger = await openTab(browser, server.url, ALONE);
  await joinWith(stranger, [2]);
  await stranger.context.close();
});

test('what is deleted in one tab is gone for all: those that serve it fetch it again, and the others seed it no more', async () => {
  const [first, second] = await openPair();
  const third = await openPage(context, server.url);
  await expectSwarmReady(third.page);
  await third.page.getByTestId('settings').locator('summary').click();
  await third.page.getByRole('button', { name: 'Delete this model from the browser…' }).click();
  await third.page.getByRole('button', { name: 'Leave and delete the shards' }).click();
  for (const [{ page }, own] of [
    [first, [0, 1]],
    [second, [2, 3]],
  ] as const) {
    await expect(page.getByTestId('notice').first()).toContainText('no longer stored in this browser');
    for (const shard of own) await expectSeeding(page, shard);
  }
  expect(await states(second.page)).toEqual(['absent', 'absent', 'ready', 'ready']);
});

test('what a person or the browser deletes without a word is noticed', async () => {
  const tab = await openPage(context, server.url);
  await joinWith(tab, [1]);
  await tab.page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        const opening = indexedDB.open('shoal-pieces');
        opening.onsuccess = () => {
          const transaction = opening.result.transaction('pieces', 'readwrite');
          transaction.objectStore('pieces').clear();
          transaction.oncomplete = () => resolve();
        };
      }),
  );
  const before = await sentBytes();
  await expect(tab.page.getByTestId('notice').first()).toContainText('no longer stored', { timeout: 30_000 });
  await expect.poll(sentBytes, { timeout: 30_000 }).toBeGreaterThan(before);
  await expectShardState(tab.page, 1, 'ready');
});

for (const { what, honest, says } of [
  { what: 'says so', honest: true, says: /128 MB needed, 100 MB free: .* shard/ },
  { what: 'promises more', honest: false, says: /MB needed, less is free: .* shard/ },
]) {
  test(`what fits is served where the storage is too small and the browser ${what}`, async () => {
    // Small models are lost in what a database takes beside its records.
    const large = await startServer();
    try {
      if (honest) {
        await context.addInitScript(() => {
          navigator.storage.estimate = async () => ({ usage: 0, quota: 100e6 });
        });
      }
      const tab = await openPage(context, large.url);
      const devtools = await context.newCDPSession(tab.page);
      const { origin } = new URL(large.url);
      await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: honest ? 500e6 : 100e6 });
      await tab.page.getByTestId('run-all').click();
      await expect(tab.page.getByTestId('alert')).toContainText(says, { timeout: 90_000 });
      await expect
        .poll(async () => (await states(tab.page)).filter((state) => state === 'ready').length, { timeout: 90_000 })
        .toBe(3);
      await expect(tab.page.getByTestId('alert')).toHaveCount(1);
    } finally {
      await large.stop();
    }
  });
}

/** Waits until the tab has the whole shard stored, and offers it. */
async function expectSeeding(page: Page, shard: number): Promise<void> {
  const { models } = await (await fetch(`${server.url}/config.json`)).json();
  const { shards } = await (await fetch(`${server.url}/models/${models[0].name}/manifest.json`)).json();
  const { infoHash, sizeBytes } = shards[shard];
  await expect
    .poll(() => page.evaluate((hash) => window.shoal.transfers().find((other) => other.infoHash === hash), infoHash), {
      timeout: 30_000,
    })
    .toMatchObject({ phase: 'seeding', storedBytes: sizeBytes });
}
