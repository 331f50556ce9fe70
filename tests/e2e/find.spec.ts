import { type Browser, type BrowserContext, expect, test } from '@playwright/test';
import { readMetric } from '../support/read-metric.ts';
import { ask } from './support/asking.ts';
import { expectShardState, expectSwarmReady, joinWith, openTab, type Tab } from './support/tab.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

// Of a server that is away: code that is needed later comes from there.
test.use({ serviceWorkers: 'allow' });

// A swarm finds itself: through the DHT, from any tab, and among the tabs alone while the server is away.

/** Chromium lets a page try a WebSocket again up to five seconds after it failed; the rest is ours. */
const REGISTERED_AGAIN_MS = 10_000;

let server: TinyServer;
const tabs: Tab[] = [];

test.beforeEach(async () => {
  server = await startTinyServer();
});

test.afterEach(async () => {
  await Promise.all(tabs.splice(0).map(({ context }) => context.close()));
  await server.stop();
});

type Preparation = (context: BrowserContext) => Promise<unknown>;

/** The server's copies of manifest, torrents and weights do not exist for this tab. */
const withoutModels: Preparation = (context) => context.route('**/models/**', (route) => route.abort());
const withoutTracker: Preparation = (context) => context.routeWebSocket(/\/announce$/, (socket) => socket.close());

async function open(browser: Browser, url: string, ...preparations: Preparation[]): Promise<Tab> {
  const tab = await openTab(browser, url, async (context) => {
    for (const prepare of preparations) await prepare(context);
  });
  tabs.push(tab);
  return tab;
}

/** A tab that has joined with these shards. */
async function openWith(
  browser: Browser,
  url: string,
  shards: readonly number[],
  ...preparations: Preparation[]
): Promise<Tab> {
  const tab = await open(browser, url, ...preparations);
  await joinWith(tab, shards);
  return tab;
}

async function close(tab: Tab): Promise<void> {
  tabs.splice(tabs.indexOf(tab), 1);
  await tab.context.close();
}

async function inviteOf({ page }: Tab): Promise<string> {
  await expect(page.getByTestId('invite-link')).toContainText('#m=');
  return ((await page.getByTestId('invite-link').textContent()) ?? '').trim();
}

/** Bytes of shards that this tab got from others. */
function receivedBytes({ page }: Tab): Promise<number> {
  return page.evaluate(() => window.shoal.transfers().reduce((sum, { receivedBytes }) => sum + receivedBytes, 0));
}

/** The checks of the DHT that fail, as this tab sees it. */
function failedLookUps({ page }: Tab) {
  return page.evaluate(async () => {
    const checks = (await window.shoal.verify()).filter(({ name }) => name.endsWith('found in the DHT'));
    return { count: checks.length, failed: checks.filter(({ passed }) => !passed) };
  });
}

test('newcomers find manifest, torrents and shards through other tabs alone, and the creator may leave', async ({
  browser,
}) => {
  const creator = await openWith(browser, server.url, [0, 1, 2, 3]);
  const invite = await inviteOf(creator);
  const [second, third] = await Promise.all([openWith(browser, invite, [0, 1]), openWith(browser, invite, [2, 3])]);
  await expect(second.page.getByTestId('swarm')).toHaveAttribute('data-nodes', '3');
  const answer = await ask(second);
  expect(answer).not.toContain('error:');
  await close(creator);

  const [newcomer, fenced] = await Promise.all([
    openWith(browser, invite, [1, 2], withoutModels),
    openWith(browser, invite, [0, 3], withoutModels, withoutTracker),
  ]);
  expect(newcomer.console.some((line) => line.includes('[SWARM] The manifest came from'))).toBe(true);
  expect(await receivedBytes(newcomer)).toBeGreaterThan(0);
  await expectSwarmReady(newcomer.page);
  expect(await ask(newcomer)).toBe(answer);
  expect(fenced.console.some((line) => line.includes('without the tracker'))).toBe(true);
  for (const gone of [second, third]) await close(gone);
  await expectSwarmReady(fenced.page);
  expect(await ask(fenced)).toBe(answer);
});

test('without the server tabs answer, look shards up and fetch them from each other; with it all register again', async ({
  browser,
}) => {
  const [front, back, guest] = await Promise.all([
    openWith(browser, server.url, [0, 1]),
    openWith(browser, server.url, [2, 3]),
    open(browser, server.url),
  ]);
  for (const { page } of [front, back, guest]) await expectSwarmReady(page);
  const answer = await ask(guest);
  expect(answer).not.toContain('error:');

  await server.kill();
  for (const { console: lines } of [front, back, guest]) {
    await expect.poll(() => lines.some((line) => line.includes('The server is not reached'))).toBe(true);
  }
  expect(await ask(guest)).toBe(answer);
  for (const tab of [front, guest]) expect(await failedLookUps(tab)).toEqual({ count: 4, failed: [] });

  const receivedBefore = await receivedBytes(front);
  for (const shard of [2, 3]) await front.page.getByTestId(`shard-${shard}-pick`).check();
  await front.page.getByTestId('join').click();
  for (const shard of [2, 3]) await expectShardState(front.page, shard, 'ready');
  expect(await receivedBytes(front)).toBeGreaterThan(receivedBefore);
  await close(back);
  await expectSwarmReady(guest.page);
  expect(await ask(guest)).toBe(answer);
  expect(await failedLookUps(guest)).toEqual({ count: 4, failed: [] });

  server = await server.restart();
  const startedAtMs = Date.now();
  // Four shards and the manifest.
  await expect
    .poll(() => readMetric(server.url, 'shoal_dht_providers'), { timeout: REGISTERED_AGAIN_MS, intervals: [100] })
    .toBe(5);
  console.log(`    registered again ${Date.now() - startedAtMs} ms after the server was ready`);
  await expect.poll(() => readMetric(server.url, 'shoal_relay_reservations'), { timeout: 20_000 }).toBe(2);
  const late = await open(browser, server.url, withoutModels);
  await expectSwarmReady(late.page);
  expect(await ask(late)).toBe(answer);
});
