import { expect, type Page, test } from '@playwright/test';
import { ask } from './support/asking.ts';
import { expectSwarmReady, openTab, type Tab } from './support/tab.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

// Nobody picks a shard: the tabs deal the model out among themselves.

const SHARDS = [0, 1, 2, 3];
/** A tab looks around every half a minute, and then fetches and loads. */
const SPARE_TIMEOUT_MS = 300_000;

let server: TinyServer;

test.beforeAll(async () => {
  server = await startTinyServer();
});

test.afterAll(() => server.stop());

test('tabs that leave the choice open cover the model, take spare copies, and lose one tab without a gap', async ({
  browser,
}) => {
  test.setTimeout(900_000);
  const tabs: Tab[] = [];
  while (tabs.length < SHARDS.length) {
    const held = (await Promise.all(tabs.map(({ page }) => readyShards(page)))).flat();
    const tab = await openTab(browser, server.url);
    await tab.page.getByTestId('join').click();
    await expect.poll(() => readyShards(tab.page), { timeout: 180_000 }).not.toHaveLength(0);
    // On a slow machine the first tabs have begun to fill the gaps themselves.
    const lacking = SHARDS.filter((shard) => !held.includes(shard));
    if (lacking.length > 0) expect(lacking).toContain((await readyShards(tab.page))[0]);
    tabs.push(tab);
  }
  for (const { page } of tabs) await expectSwarmReady(page);
  const answer = await ask(tabs[0]!);
  expect(answer).not.toMatch(/^error/);

  const [asking, leaving] = tabs as [Tab, Tab];
  await expect.poll(() => fewestHolders(asking.page), { timeout: SPARE_TIMEOUT_MS }).toBeGreaterThanOrEqual(2);
  await leaving.context.close();
  await expect(asking.page.getByTestId('swarm')).toHaveAttribute('data-nodes', '3', { timeout: 30_000 });
  await expectSwarmReady(asking.page);
  expect(await ask(asking, 'Hello')).toBe(answer);

  await Promise.all(tabs.map(({ context }) => context.close()));
});

/** Numbers of the shards that serve in this tab. */
async function readyShards(page: Page): Promise<number[]> {
  const states = await Promise.all(
    SHARDS.map((shard) => page.getByTestId(`shard-${shard}`).getAttribute('data-state')),
  );
  return SHARDS.filter((shard) => states[shard] === 'ready');
}

/** Of the shard that the fewest members serve, as this tab sees it. */
async function fewestHolders(page: Page): Promise<number> {
  const others = await page.evaluate(() => window.shoal.peers().map(({ ready }) => ready));
  const all = [...others, await readyShards(page)];
  return Math.min(...SHARDS.map((shard) => all.filter((ready) => ready.includes(shard)).length));
}
