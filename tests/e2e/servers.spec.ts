import { type Browser, expect, test } from '@playwright/test';
import { readMetric } from '../support/read-metric.ts';
import { ask } from './support/asking.ts';
import { expectJoined, startServerGroup } from './support/server-group.ts';
import { expectSwarmReady, joinWith, openTab, type Tab, withSettings } from './support/tab.ts';
import { tell } from './support/telling.ts';
import type { TinyServer } from './support/tiny-server.ts';

// Of a server that is away: code that is needed later comes from there.
test.use({ serviceWorkers: 'allow' });

// Three server processes share a swarm; one is killed in the middle of an answer. SHOAL_TABS opens more tabs, where there
// are processors for them: every pair of members is connected, guests too.

const { SHOAL_TABS = '6' } = process.env;
const TABS = Number(SHOAL_TABS);
const SERVERS = 3;
/** What each of the first tabs serves; tab n has its page from server n modulo 3. */
const HOLDINGS = [
  [0, 1],
  [2, 3],
  [0, 1],
  [2, 3],
];
/** Opened at a time: two cores load no more pages at once, each of which calls four servers' sockets. */
const AT_ONCE = 2;
const TOKENS = 400;
const PATIENCE = { timeout: 240_000 };
/** The tab says so once a server has given it an address. */
const INTRODUCED = 'The server introduces this tab to others.';

let servers: TinyServer[] = [];
const tabs: Tab[] = [];

test.beforeAll(async () => {
  servers = await startServerGroup(SERVERS);
});

test.afterAll(async () => {
  await Promise.all(tabs.splice(0).map(({ context }) => context.close()));
  await Promise.all(servers.map((server) => server.stop()));
});

async function open(browser: Browser, server: TinyServer, shards: readonly number[] = []): Promise<Tab> {
  // Several threads each would leave nothing for the pages and the servers.
  const tab = await openTab(browser, server.url, withSettings({ threads: 1 }));
  tabs.push(tab);
  const introduced = () => tab.console.some((line) => line.includes(INTRODUCED));
  await expect.poll(introduced, PATIENCE).toBe(true);
  if (shards.length > 0) await joinWith(tab, shards);
  return tab;
}

function expectNodes(count: number): Promise<unknown> {
  return Promise.all(
    tabs.map(({ page }) => expect(page.getByTestId('swarm')).toHaveAttribute('data-nodes', String(count), PATIENCE)),
  );
}

/** Places that tabs have, at all of these servers together. */
async function placesAt(at: readonly TinyServer[]): Promise<number> {
  const counts = await Promise.all(at.map(({ url }) => readMetric(url, 'shoal_relay_reservations')));
  return counts.reduce((sum, count) => sum + count, 0);
}

const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

test(`${TABS} tabs at three servers go on when one is killed in the middle of an answer`, async ({ browser }) => {
  test.setTimeout((240 + 25 * TABS) * 1000);
  const startedAtMs = Date.now();
  const serverOf = (place: number) => servers[place % SERVERS]!;
  for (let place = 0; place < TABS; place += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, TABS - place) }, (_, index) => place + index);
    await Promise.all(batch.map((one) => open(browser, serverOf(one), HOLDINGS[one])));
  }
  await expectNodes(HOLDINGS.length);
  await expect.poll(() => placesAt(servers), PATIENCE).toBe(2 * TABS);
  const openedMs = Date.now() - startedAtMs;
  let gossiping: number[] = [];
  const readGossiping = async () => {
    gossiping = await Promise.all(servers.map(({ url }) => readMetric(url, 'shoal_gossip_peers')));
    return total(gossiping);
  };
  // A tab that has changed its server is seen by both for a moment.
  await expect.poll(readGossiping, { timeout: 60_000 }).toBe(TABS);

  // Its page is the dying server's, as are those of two of the stages.
  const dying = servers[1]!;
  const guest = tabs[SERVERS + 1]!;
  for (const tab of [guest, tabs.at(-1)!]) await expectSwarmReady(tab.page);
  const undisturbed = await tell(guest, TOKENS);
  const [told, other] = await Promise.all([
    tell(guest, TOKENS, () => dying.kill()),
    // At a server that lives on.
    tell(tabs.at(-1)!, TOKENS),
  ]);
  expect(told.bytes).toEqual(undisturbed.bytes);
  expect(other.bytes).toEqual(undisturbed.bytes);
  expect(told.disturbedAt).toBeLessThan(TOKENS);

  // Everybody has two places again, and is heard, longer than a silent member is remembered.
  const left = servers.filter((server) => server !== dying);
  await expect.poll(() => placesAt(left), PATIENCE).toBe(2 * TABS);
  await tabs[0]!.page.waitForTimeout(15_000);
  await expectNodes(HOLDINGS.length);

  const newcomer = await open(browser, left[0]!, [0, 1, 2, 3]);
  await expectNodes(HOLDINGS.length + 1);
  expect(await ask(newcomer)).not.toContain('error:');
  // Only what it has from the others' presence leads to it.
  expect(await ask(guest)).toBe(await ask(newcomer));

  servers[1] = await dying.restart();
  await expectJoined(servers, SERVERS - 1);
  await expect.poll(() => placesAt(servers), PATIENCE).toBe(2 * tabs.length);
  console.log(
    `    ${TABS} tabs open and known to each other after ${(openedMs / 1000).toFixed(1)} s; gossip at ${gossiping.join(', ')}; longest pause of the answer ${told.pauseMs.toFixed(0)} ms, undisturbed ${undisturbed.pauseMs.toFixed(0)} ms`,
  );
});
