import { type Browser, expect, type Page, test } from '@playwright/test';
import { relayMultiaddr } from '../../src/protocol/server-config.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';
import { TransportLab } from './support/transport-lab.ts';

// libp2p between real tabs whose places are at different servers of one swarm.

const SERVERS = 3;
/** Chromium makes a page wait for up to five seconds before it may try a WebSocket again that has failed. */
const PATIENCE = { timeout: 30_000 };

interface Tab {
  readonly page: Page;
  readonly peerId: string;
}

let lab: TransportLab;
let servers: TestServer[] = [];
test.beforeAll(async () => {
  lab = await TransportLab.start();
  const started = await Promise.all(Array.from({ length: SERVERS }, () => startTestServer()));
  const pageOf = ({ url }: TestServer) => new URL('/', url);
  servers = await Promise.all(
    started.map((server) =>
      server.restart({
        allowedOrigins: [lab.origin],
        peerServers: started.filter((other) => other !== server).map(pageOf),
      }),
    ),
  );
  const joined = () => Promise.all(servers.map((server) => server.metric('shoal_peer_servers')));
  await expect.poll(joined, PATIENCE).toEqual(servers.map(() => SERVERS - 1));
});
test.afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await lab?.close();
});

let tabs: Tab[] = [];
test.afterEach(async () => {
  await Promise.all(tabs.map(({ page }) => page.context().close()));
  tabs = [];
});

const relayOf = (server: TestServer) => relayMultiaddr(server, server.url);

/** @param others - servers that its own one told it of when it opened; all unless given */
async function openTab(browser: Browser, own: TestServer, others = servers.filter((one) => one !== own)): Promise<Tab> {
  const page = await lab.openPage(browser);
  const options = { relay: relayOf(own), others: others.map(relayOf), iceServers: [] };
  const server = new URL('/', own.url).href;
  const peerId = await page.evaluate(([options, server]) => window.tab.open(options, server), [
    options,
    server,
  ] as const);
  const tab = { page, peerId };
  tabs.push(tab);
  return tab;
}

const introducersOf = ({ page }: Tab) => page.evaluate(() => [...window.tab.transport.introducers]);

const ask = ({ page }: Tab, { peerId }: Tab) => page.evaluate((peerId) => window.tab.ask(peerId, 'hello'), peerId);

test('a tab has a place at two servers, gossips through one, and takes a third when one dies', async ({ browser }) => {
  const [first, second, third] = servers as [TestServer, TestServer, TestServer];
  const tab = await openTab(browser, first);
  await expect.poll(async () => (await introducersOf(tab)).length, PATIENCE).toBe(2);
  expect(await introducersOf(tab)).toContain(first.peerId);
  const reservations = () => Promise.all(servers.map((server) => server.metric('shoal_relay_reservations')));
  expect((await reservations()).sort()).toEqual([0, 1, 1]);
  const heard = lab.facts.topic;
  const listener = await openTab(browser, second, [third]);
  for (const { page } of [tab, listener]) await page.evaluate((topic) => window.tab.subscribe(topic), heard);
  let sequence = 0;
  const arrives = async () => {
    await tab.page.evaluate(([topic, n]) => window.tab.announce(topic, n), [heard, ++sequence] as const);
    const messages = await listener.page.evaluate(() => window.tab.heard);
    return messages.some((message) => message.includes(tab.peerId));
  };
  await expect.poll(arrives, PATIENCE).toBe(true);
  const gossipers = (at = servers) => Promise.all(at.map((server) => server.metric('shoal_gossip_peers')));
  expect(await gossipers()).toEqual([1, 1, 0]);

  await first.close();
  await expect.poll(() => introducersOf(tab), PATIENCE).toEqual(expect.arrayContaining([second.peerId, third.peerId]));
  await tab.page.evaluate(() => window.tab.heard.splice(0));
  await listener.page.evaluate(() => window.tab.heard.splice(0));
  await expect.poll(arrives, PATIENCE).toBe(true);
  expect((await gossipers([second, third])).reduce((sum, count) => sum + count)).toBe(2);
  expect(await ask(listener, tab)).toBe(`${listener.peerId} hello`);
  servers[0] = await first.restart();
  await expect.poll(() => introducersOf(tab), { timeout: 60_000 }).toContain(first.peerId);
  await expect.poll(async () => (await introducersOf(tab)).length, PATIENCE).toBe(2);
});

test('tabs without a server in common meet, by name alone or where the other says to be', async ({ browser }) => {
  const [first, second, third] = servers as [TestServer, TestServer, TestServer];
  const there = await openTab(browser, third, []);
  const here = await openTab(browser, first, [second, third]);
  const elsewhere = await openTab(browser, second, [third]);
  await here.page.evaluate(([peerId, server]) => window.tab.transport.noteIntroducers(peerId, [server]), [
    there.peerId,
    third.peerId,
  ] as const);
  expect(await ask(here, there)).toBe(`${here.peerId} hello`);
  expect(await ask(elsewhere, there)).toBe(`${elsewhere.peerId} hello`);
});

test('a tab uses servers that joined while it was open, once a peer names one', async ({ browser }) => {
  const [first, second] = servers as [TestServer, TestServer, TestServer];
  const here = await openTab(browser, first, []);
  const there = await openTab(browser, second, []);
  expect(await introducersOf(here)).toEqual([]);
  await here.page.evaluate(([peerId, server]) => window.tab.transport.noteIntroducers(peerId, [server]), [
    there.peerId,
    second.peerId,
  ] as const);
  await expect.poll(async () => (await introducersOf(here)).length, PATIENCE).toBe(2);
  expect(await introducersOf(here)).toContain(first.peerId);
  expect(await ask(here, there)).toBe(`${here.peerId} hello`);
});
