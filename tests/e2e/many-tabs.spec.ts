import { existsSync, readFileSync } from 'node:fs';
import { type Browser, expect, test } from '@playwright/test';
import { readMetric } from '../support/read-metric.ts';
import { ask } from './support/asking.ts';
import { expectSwarmReady, joinWith, openTab, type Tab } from './support/tab.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

// The last tab is introduced like the first. A relay as it comes reserves places for fifteen. SHOAL_TABS=40 opens so
// many. Most are guests: every pair of members is connected, and two cores carry no hundred connections.

const { SHOAL_TABS = '17' } = process.env;
const TABS = Number(SHOAL_TABS);
/** A pair of tabs that hold the model together. */
const HALVES = [
  [0, 1],
  [2, 3],
];
/** Opened at a time: two cores load no more pages at once. */
const AT_ONCE = 4;
/** The tab says so once the relay has given it an address. */
const INTRODUCED = 'The server introduces this tab to others.';

let server: TinyServer;
const tabs: Tab[] = [];

test.beforeAll(async () => {
  server = await startTinyServer();
});

test.afterAll(async () => {
  await Promise.all(tabs.splice(0).map(({ context }) => context.close()));
  await server.stop();
});

interface Opened {
  readonly tab: Tab;
  /** How long the page took to load and the server to introduce it. */
  readonly introducedMs: number;
}

async function open(browser: Browser): Promise<Opened> {
  const startedAtMs = Date.now();
  const tab = await openTab(browser, server.url);
  tabs.push(tab);
  await expect.poll(() => introduced(tab), { timeout: 60_000, intervals: [50] }).toBe(true);
  return { tab, introducedMs: Date.now() - startedAtMs };
}

function introduced({ console: lines }: Tab): boolean {
  return lines.some((line) => line.includes(INTRODUCED));
}

async function openGuests(browser: Browser, count: number): Promise<Opened[]> {
  const opened: Opened[] = [];
  while (opened.length < count) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - opened.length) }, () => open(browser));
    opened.push(...(await Promise.all(batch)));
  }
  return opened;
}

/** Two tabs that hold the model together. */
function openPair(browser: Browser): Promise<Opened[]> {
  return Promise.all(
    HALVES.map(async (shards) => {
      const opened = await open(browser);
      await joinWith(opened.tab, shards);
      return opened;
    }),
  );
}

function expectNodes(count: number): Promise<unknown> {
  return Promise.all(
    tabs.map(({ page }) =>
      expect(page.getByTestId('swarm')).toHaveAttribute('data-nodes', String(count), { timeout: 60_000 }),
    ),
  );
}

/** Memory of all processes of the browser that nothing else has, MiB; 0 where the system does not tell it. */
async function memoryMiB(browser: Browser): Promise<number> {
  const devtools = await browser.newBrowserCDPSession();
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  await devtools.detach();
  const statuses = processInfo.map(({ id }) => `/proc/${id}/status`).filter((path) => existsSync(path));
  const sizes = statuses.map((path) => /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(path, 'utf8')));
  return sizes.reduce((sum, size) => sum + Number(size?.[1] ?? 0) / 1024, 0);
}

test(`${TABS} tabs have an address each, and the last two serve all others alone`, async ({ browser }) => {
  test.setTimeout((120 + 20 * TABS) * 1000);
  const startedAtMs = Date.now();
  const first = await openPair(browser);
  const guests = await openGuests(browser, TABS - 2 * HALVES.length);
  const last = await openPair(browser);
  await expectNodes(2 * HALVES.length);
  expect(await readMetric(server.url, 'shoal_relay_reservations')).toBe(TABS);
  const seenMs = Date.now() - startedAtMs;

  const guest = tabs[TABS >> 1]!;
  await expectSwarmReady(guest.page);
  const askedAtMs = Date.now();
  const answer = await ask(guest);
  const answerMs = Date.now() - askedAtMs;
  expect(answer).not.toContain('error:');

  for (const { tab } of first) {
    tabs.splice(tabs.indexOf(tab), 1);
    await tab.context.close();
  }
  await expectNodes(HALVES.length);
  for (const { page } of tabs) await expectSwarmReady(page);
  expect(await Promise.all([guest, tabs[0]!, tabs.at(-3)!].map((tab) => ask(tab)))).toEqual([answer, answer, answer]);

  const introducedMs = [...first, ...guests, ...last].map((opened) => opened.introducedMs);
  const sorted = introducedMs.toSorted((a, b) => a - b);
  console.log(
    `    ${TABS} tabs: introduced after ${introducedMs[0]} ms (first), ${sorted[TABS >> 1]} (median), ${introducedMs.at(-1)} (last), ${sorted.at(-1)} (longest); all saw all members after ${(seenMs / 1000).toFixed(1)} s; first answer ${answerMs} ms; ${(await memoryMiB(browser)).toFixed(0)} MiB`,
  );
});
