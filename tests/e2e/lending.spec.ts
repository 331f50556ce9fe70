import { expect, test } from '@playwright/test';
import { ask } from './support/asking.ts';
import { confirm, shownLink } from './support/private-server.ts';
import { expectShardState, expectSwarmReady, joinWith, openTab, type Tab, withSettings } from './support/tab.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

let server: TinyServer;
let tabs: Tab[];

test.beforeEach(async () => {
  server = await startTinyServer();
  tabs = [];
});

test.afterEach(async () => {
  for (const { context } of tabs) await context.close();
  await server.stop();
});

async function limit({ page }: Tab, name: string, value: string): Promise<void> {
  const settings = page.getByTestId('settings');
  if (!(await settings.evaluate((element) => (element as HTMLDetailsElement).open))) {
    await settings.locator('summary').click();
  }
  const field = page.getByTestId(`lend-${name}`);
  await field.fill(value);
  await field.press('Tab');
}

test('uploads keep to their limit, and a pause sends nothing', async ({ browser }) => {
  const lends = await openTab(browser, server.url);
  tabs.push(lends);
  await joinWith(lends, [0, 1, 2, 3]);
  // A swarm without the server's copy: the weights come from this tab alone.
  await confirm(lends, 'found-private');
  await expectSwarmReady(lends.page);
  await limit(lends, 'uploadKilobytes', '4');
  const takes = await openTab(browser, `${server.url}/#${await shownLink(lends, 'invite-link')}`);
  tabs.push(takes);
  await takes.page.getByTestId('shard-3-pick').check({ timeout: 60_000 });
  const startedAtMs = Date.now();
  await takes.page.getByTestId('join').click();
  await expectShardState(takes.page, 3, 'ready');
  const { totalBytes } = await takes.page.evaluate(
    () => window.shoal.transfers().find(({ storedBytes }) => storedBytes > 0)!,
  );
  const seconds = (Date.now() - startedAtMs) / 1000;
  console.log(`${totalBytes} bytes in ${seconds.toFixed(1)} s at 4 kB/s`);
  // A burst may go at once.
  expect(seconds).toBeGreaterThan((0.5 * totalBytes) / 4000);

  await lends.page.getByTestId('lend-pause').click();
  await expect(lends.page.getByTestId('lend-state')).toHaveAttribute('data-paused', 'owner');
  await takes.page.getByTestId('shard-2-pick').check();
  await takes.page.getByTestId('join').click();
  await takes.page.waitForTimeout(4000);
  await expect(takes.page.getByTestId('shard-2')).not.toHaveAttribute('data-state', 'ready');
  await limit(lends, 'uploadKilobytes', '');
  await lends.page.getByTestId('lend-pause').click();
  await expectShardState(takes.page, 2, 'ready');
});

test('what is not lent is not used: paused, or for chosen tabs only; the totals are kept', async ({ browser }) => {
  const lends = await openTab(browser, server.url);
  const asks = await openTab(browser, server.url);
  tabs.push(lends, asks);
  await joinWith(lends, [0, 1, 2, 3]);
  await expectSwarmReady(asks.page);
  const answer = await ask(asks);
  expect(answer).not.toMatch(/^error|^$/);
  const totals = lends.page.getByTestId('lend-totals');
  await expect(totals).not.toContainText('Given: 0 tokens', { timeout: 20_000 });
  await lends.page.getByTestId('lend-pause').click();
  // Nobody else has the layers: the tab that asks is told that they are missing.
  await expect(asks.page.getByTestId('swarm')).not.toHaveAttribute('data-state', 'ready', { timeout: 20_000 });
  await lends.page.getByTestId('lend-pause').click();
  await expectSwarmReady(asks.page);
  expect(await ask(asks)).toBe(answer);
  await lends.page.reload();
  await expect(totals).not.toContainText('Given: 0 tokens');
});

test('a shard beyond the memory or the disk that is lent is refused, and the page says why', async ({ browser }) => {
  const lends = await openTab(browser, server.url);
  tabs.push(lends);
  await limit(lends, 'memoryMegabytes', '0.02');
  await lends.page.getByTestId('shard-0-pick').check();
  await lends.page.getByTestId('join').click();
  await expectShardState(lends.page, 0, 'error');
  await expect(lends.page.getByTestId('shard-0')).toContainText('lend more');
  await limit(lends, 'memoryMegabytes', '');
  await limit(lends, 'diskMegabytes', '0.02');
  await lends.page.getByTestId('shard-0-pick').check();
  await lends.page.getByTestId('join').click();
  await expect(lends.page.getByTestId('alert').filter({ hasText: 'needed' })).toBeVisible();
});

test('whoever may ask for shards cannot fill the disk: what is lent of it is the end', async ({ browser }) => {
  const willing = await openTab(browser, server.url, withSettings({ acceptRemoteLoads: true }));
  const hostile = await openTab(browser, server.url);
  tabs.push(willing, hostile);
  await joinWith(willing, [1]);
  // Room for one more of three.
  const used = () => willing.page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
  const lent = (await used()) + 45_000;
  await limit(willing, 'diskMegabytes', `${lent / 1e6}`);
  await expect(hostile.page.getByTestId('member')).toHaveCount(1, { timeout: 60_000 });
  const peerId = await hostile.page.evaluate(() => window.shoal.peers()[0]!.peerId);
  const codes = await hostile.page.evaluate(async (target) => {
    const asked = [0, 2, 3, 0, 2, 3].map((shard) =>
      window.shoal.command(target, 'LOAD_SHARD', { shard_id: shard }).then(
        () => 'loaded',
        (error: { code?: string }) => error.code,
      ),
    );
    return Promise.all(asked);
  }, peerId);
  expect(codes).toContain('storage-full');
  console.log(`${codes.join()}; ${await used()} bytes used, ${lent} lent`);
  const { shards } = (await hostile.page.evaluate(
    (target) => window.shoal.command(target, 'GET_CAPABILITIES'),
    peerId,
  )) as { shards: number[] };
  expect(shards).toContain(1);
  expect(shards.length).toBeLessThan(4);
});
