import { type Browser, expect, type Page, test } from '@playwright/test';
import { TRANSPORT_CONTRACT } from '../swarm/transport-contract.ts';
import { freeze } from './support/freeze.ts';
import { TransportLab, type TransportTab } from './support/transport-lab.ts';

// libp2p as tabs use it: real WebRTC between real tabs, introduced by a real signaling server.

/** Chromium makes a page wait for up to five seconds before it may try a WebSocket again that has failed. */
const INTRODUCED_AGAIN_MS = 20_000;
/** What the connection's pulse needs to see a silent tab, and some slack for a busy machine. */
const CRASH_SEEN_MS = 8000;
/** A page may be busy with itself for so long; two seconds of silence are a loss. */
const MOMENT_MS = 1000;

let lab: TransportLab;
test.beforeAll(async () => {
  lab = await TransportLab.start();
});
test.afterAll(() => lab?.close());

let tabs: TransportTab[] = [];
test.afterEach(async () => {
  await Promise.all(tabs.map(({ page }) => page.context().close()));
  tabs = [];
});

async function openTabs(browser: Browser, count: number): Promise<TransportTab[]> {
  const opened = await lab.openTabs(browser, count);
  tabs.push(...opened);
  return opened;
}

function peersOf({ page }: TransportTab): Promise<string[]> {
  return page.evaluate(() => window.tab.transport.peers());
}

function eventsOf({ page }: TransportTab): Promise<string[]> {
  return page.evaluate(() => window.tab.events);
}

function openChannel({ page }: TransportTab, { peerId }: TransportTab): Promise<void> {
  return page.evaluate((peerId) => window.tab.openChannel(peerId), peerId);
}

function ask({ page }: TransportTab, { peerId }: TransportTab, text: string): Promise<string> {
  return page.evaluate(([peerId, text]) => window.tab.ask(peerId, text), [peerId, text] as const);
}

function echo({ page }: TransportTab, { peerId }: TransportTab, size: number, count: number): Promise<number[]> {
  return page.evaluate(([peerId, size, count]) => window.tab.echo(peerId, size, count), [peerId, size, count] as const);
}

test.describe('the contract, members in one tab', () => {
  let page: Page;
  test.beforeAll(async ({ browser }) => {
    page = await lab.openPage(browser);
  });
  test.afterAll(() => page.context().close());
  for (const { name } of TRANSPORT_CONTRACT) {
    test(name, () => page.evaluate(([name, facts]) => window.tab.runCase(name, facts), [name, lab.facts] as const));
  }
});

test('three tabs ask each other, gossip, and share the directory', async ({ browser }) => {
  const opened = await openTabs(browser, 3);
  for (const from of opened) {
    for (const to of opened) if (to !== from) expect(await ask(from, to, 'hello')).toBe(`${from.peerId} hello`);
  }
  for (const tab of opened) {
    expect((await peersOf(tab)).sort()).toEqual(
      opened
        .filter((other) => other !== tab)
        .map(({ peerId }) => peerId)
        .sort(),
    );
  }
  const [a, b, c] = opened as [TransportTab, TransportTab, TransportTab];
  const { topic, key, value, unusedKey } = lab.facts;
  for (const { page } of opened) await page.evaluate((topic) => window.tab.subscribe(topic), topic);
  await expect
    .poll(async () => {
      await a.page.evaluate((topic) => window.tab.announce(topic, 1), topic);
      return Promise.all([b, c].map(({ page }) => page.evaluate(() => window.tab.heard.at(-1)?.split(' ')[0])));
    })
    .toEqual([a.peerId, a.peerId]);
  await a.page.evaluate(([key, value]) => window.tab.register(key, value), [key, value] as const);
  expect(await c.page.evaluate((key) => window.tab.find(key), key)).toEqual({
    value,
    // Whoever registered in earlier tests stays listed for a while.
    providers: expect.arrayContaining([a.peerId]),
  });
  await expect(a.page.evaluate((key) => window.tab.register(key, '{}'), unusedKey)).rejects.toThrow('peer-unreachable');
});

test('a channel carries frames of every size; its round trips', async ({ browser }) => {
  const [a, b] = (await openTabs(browser, 2)) as [TransportTab, TransportTab];
  await openChannel(a, b);
  for (const [size, count] of [
    [16, 100],
    [2304, 100],
    [262_144, 12],
    [1_048_576, 8],
  ] as const) {
    await echo(a, b, size, 3);
    const times = (await echo(a, b, size, count)).sort((one, other) => one - other);
    const [median, worst] = [times[count >> 1]!, times.at(-1)!].map((time) => time.toFixed(1));
    console.log(`    echo of ${size} bytes: median ${median} ms, worst ${worst} ms of ${count}`);
  }
  await expect
    .poll(() => a.page.evaluate((peerId) => window.tab.channels.get(peerId)!.roundTripMs, b.peerId))
    .toBeGreaterThan(0);
});

test('a tab that closes is gone at once, one that crashes within seconds', async ({ browser }) => {
  const [a, b, c] = (await openTabs(browser, 3)) as [TransportTab, TransportTab, TransportTab];
  await openChannel(a, b);
  await openChannel(a, c);
  expect((await peersOf(a)).length).toBe(2);
  await b.page.close();
  await expect.poll(() => peersOf(a), { timeout: 2000 }).toEqual([c.peerId]);
  await expect.poll(() => eventsOf(a), { timeout: 2000 }).toContainEqual(expect.stringMatching(`closed ${b.peerId}`));
  const cdp = await c.page.context().newCDPSession(c.page);
  cdp.send('Page.crash').catch(() => undefined);
  await expect.poll(() => peersOf(a), { timeout: CRASH_SEEN_MS }).toEqual([]);
  expect(await eventsOf(a)).toContain(`closed ${c.peerId} with a reason`);
  await expect(ask(a, c, 'hello')).rejects.toThrow('peer-unreachable');
});

test('a tab that freezes for a moment is still there', async ({ browser }) => {
  const [a, b] = (await openTabs(browser, 2)) as [TransportTab, TransportTab];
  await openChannel(a, b);
  const thaw = await freeze(b.page);
  await new Promise((resolve) => setTimeout(resolve, MOMENT_MS));
  await thaw();
  expect((await echo(a, b, 2304, 3)).length).toBe(3);
  expect(await eventsOf(a)).toEqual([`+${b.peerId}`]);
});

test('without the server connected tabs go on; when it is back they are introduced again', async ({ browser }) => {
  const [a, b] = (await openTabs(browser, 2)) as [TransportTab, TransportTab];
  const { topic, key, value } = lab.facts;
  await openChannel(a, b);
  await b.page.evaluate((topic) => window.tab.subscribe(topic), topic);
  await a.page.evaluate((topic) => window.tab.subscribe(topic), topic);
  await lab.server.close();
  await expect.poll(() => eventsOf(a)).toContain('offline');
  const late = lab.openTab(browser);
  expect(await ask(a, b, 'still there?')).toBe(`${a.peerId} still there?`);
  expect((await echo(a, b, 2304, 3)).length).toBe(3);
  await a.page.evaluate((topic) => window.tab.announce(topic, 2), topic);
  await expect.poll(() => b.page.evaluate(() => window.tab.heard.at(-1))).toContain('"sequence":2');
  tabs.push(await late);
  expect(await tabs[2]!.page.evaluate(() => window.tab.transport.introduction)).toBe('offline');

  const startedAtMs = Date.now();
  lab.server = await lab.server.restart();
  for (const tab of tabs) {
    await expect
      .poll(() => tab.page.evaluate(() => window.tab.transport.introduction), { timeout: INTRODUCED_AGAIN_MS })
      .toBe('online');
  }
  console.log(`    all are introduced again ${Date.now() - startedAtMs} ms after the server's start`);
  expect(await ask(tabs[2]!, a, 'hello')).toBe(`${tabs[2]!.peerId} hello`);
  expect(await eventsOf(a)).toEqual([`+${b.peerId}`, 'offline', 'online', `+${tabs[2]!.peerId}`]);
  await b.page.evaluate(([key, value]) => window.tab.register(key, value), [key, value] as const);
  expect(await a.page.evaluate((key) => window.tab.find(key), key)).toEqual({ value, providers: [b.peerId] });
});
