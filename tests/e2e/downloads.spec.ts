import { expect, type Page, test } from '@playwright/test';
import { startServer } from './support/server.ts';
import { expectShardState, expectSwarmReady, openTab, withSettings } from './support/tab.ts';

/** Requests that are under way when a download is paused: three of the server's, 2 MiB each, and a piece of each tab. */
const UNDER_WAY_BYTES = 8e6;

/** Of the model's first shard. */
const transferOf = (page: Page) =>
  page.evaluate(async () => {
    const { models } = await (await fetch('config.json')).json();
    const { shards } = await (await fetch(`models/${models[0].name}/manifest.json`)).json();
    return window.shoal.transfers().find(({ infoHash }) => infoHash === shards[0].infoHash)!;
  });

test('a download is paused, stays paused over a reload, and goes on without losing a byte', async ({ browser }) => {
  const server = await startServer();
  try {
    const giver = await openTab(browser, server.url, withSettings({ name: 'Giver' }));
    const { page } = giver;
    await page.getByTestId('shard-0-pick').check({ timeout: 60_000 });
    await page.getByTestId('join').click();
    await page.getByTestId('shard-0-about').click();
    await page.getByTestId('shard-0-pause').click();
    await expect(page.getByTestId('shard-0')).toContainText('paused');
    await page.waitForTimeout(3000);
    const paused = await transferOf(page);
    expect(paused.storedBytes).toBeLessThan(paused.totalBytes - UNDER_WAY_BYTES);
    await page.waitForTimeout(3000);
    expect((await transferOf(page)).storedBytes).toBe(paused.storedBytes);

    await page.reload();
    await expect(page.getByTestId('shard-0')).toContainText('paused', { timeout: 60_000 });
    await page.waitForTimeout(3000);
    expect((await transferOf(page)).receivedBytes).toBe(0);
    await page.getByTestId('shard-0-about').click();
    await page.getByTestId('shard-0-pause').click();
    await expectShardState(page, 0, 'ready');
    const { receivedBytes, totalBytes } = await transferOf(page);
    expect(receivedBytes).toBeLessThanOrEqual(totalBytes - paused.storedBytes);

    // And whom another tab has it from is told by name.
    const taker = await openTab(browser, server.url, withSettings({ name: 'Taker' }));
    await taker.page.getByTestId('shard-0-pick').check({ timeout: 60_000 });
    await taker.page.getByTestId('join').click();
    await expectShardState(taker.page, 0, 'ready');
    await taker.page.getByTestId('shard-0-about').click();
    const from = taker.page.locator('.shard-traffic li', { hasText: 'Giver' });
    await expect(from).toContainText(/Giver ?[1-9][\d.]* MB from it/);
    const to = page.locator('.shard-traffic li', { hasText: 'Taker' });
    await expect(to).toContainText(/[1-9][\d.]* MB to it/);
    await Promise.all([giver.context.close(), taker.context.close()]);
  } finally {
    await server.stop();
  }
});

test('a shard that is put before others comes first, and a paused one holds nobody up', async ({ browser }) => {
  const server = await startServer();
  try {
    const { page, context } = await openTab(browser, server.url);
    await page.getByTestId('run-all').click({ timeout: 60_000 });
    await page.getByTestId('shard-3-about').click();
    await page.getByTestId('shard-3-priority').selectOption('first');
    await page.getByTestId('shard-1-about').click();
    await page.getByTestId('shard-1-pause').click();
    await expect(page.getByTestId('shard-0')).toContainText('waits for its turn');
    await expect(page.getByTestId('shard-2')).toContainText('waits for its turn');
    for (const shard of [3, 0, 2]) await expectShardState(page, shard, 'ready');
    await expect(page.getByTestId('shard-1')).toContainText('paused');
    await expect(page.getByTestId('swarm')).toContainText('Shard 1 is missing');
    await page.getByTestId('shard-1-pause').click();
    await expectShardState(page, 1, 'ready');
    await expectSwarmReady(page);
    await context.close();
  } finally {
    await server.stop();
  }
});
