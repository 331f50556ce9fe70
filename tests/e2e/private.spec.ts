import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, expect, test } from '@playwright/test';
import { decodeManifest } from '../../src/protocol/manifest.ts';
import { readMetric } from '../support/read-metric.ts';
import { ask } from './support/asking.ts';
import { confirm, type PrivateServer, shownLink, startPrivateServer } from './support/private-server.ts';
import { type RecordingProxy, startRecordingProxy } from './support/recording-proxy.ts';
import { expectSwarmReady, joinWith, openTab, type Tab } from './support/tab.ts';

test.use({ serviceWorkers: 'allow' });

/** Nothing else is called so. */
const MODEL = 'sparrowhawk';
const PROMPT = 'the heron waits in the reeds';

let server: PrivateServer;
let proxy: RecordingProxy;
const tabs: Tab[] = [];

async function start(options: readonly string[]): Promise<void> {
  server = await startPrivateServer(options, MODEL, { type: 'Q4_1' });
  proxy = await startRecordingProxy(server.url);
}

test.afterEach(async () => {
  for (const { context } of tabs.splice(0)) await context.close();
  proxy.close();
  await server.stop();
});

async function open(browser: Browser, fragment: string): Promise<Tab> {
  const tab = await openTab(browser, `${proxy.url}/#${fragment}`);
  tabs.push(tab);
  return tab;
}

test('who has the link is in: members serve, guests ask, and the server learns nothing', async ({ browser }) => {
  await start(['--private']);
  const one = await open(browser, server.member);
  await joinWith(one, [0, 1]);
  const two = await open(browser, server.member);
  await joinWith(two, [2, 3]);
  await expectSwarmReady(one.page);
  const asks = await open(browser, server.guest);
  await expectSwarmReady(asks.page);
  const answer = await ask(asks, PROMPT);
  expect(answer).not.toMatch(/^error|^$/);
  expect(await ask(one, PROMPT)).toBe(answer);
  // No secret in the address, and a reload finds it.
  for (const { page } of tabs) expect(page.url()).toMatch(/#m=[0-9a-f]{64}&p=[0-9a-f]{16}$/);
  await two.page.reload();
  await expectSwarmReady(two.page);
  expect(await ask(asks, PROMPT)).toBe(answer);

  const manifest = decodeManifest(new Uint8Array(readFileSync(join(server.dataDir, 'shards', MODEL, 'manifest.json'))));
  const secrets = [server.member, server.guest].map((link) => new URLSearchParams(link).get('s')!);
  const received = proxy.received();
  // It does see what it may: there would be something to find.
  expect(received.includes('GET /config.json')).toBe(true);
  expect(received.includes('GET /swarms/')).toBe(true);
  const [manifestId] = server.member.match(/[0-9a-f]{64}/)!;
  const hashes = manifest.shards.flatMap(({ infoHash, sha256 }) => [infoHash, sha256]);
  for (const text of [...secrets, PROMPT, answer, MODEL, manifestId, ...hashes])
    expect(received.includes(text)).toBe(false);
  for (const hash of hashes) expect(received.includes(Buffer.from(hash, 'hex'))).toBe(false);
  // Session descriptions go over the relay, sealed between the tabs: what it cannot read it cannot rewrite.
  for (const line of ['a=fingerprint', 'a=ice-pwd', 'a=candidate', 'candidate:'])
    expect(received.includes(line)).toBe(false);
});

test('without the link there is nothing', async ({ browser }) => {
  await start(['--private']);
  const one = await open(browser, server.member);
  await joinWith(one, [0, 1, 2, 3]);
  // The page alone, the name alone, and the link of somebody else.
  const visitor = await openTab(browser, proxy.url);
  tabs.push(visitor);
  await expect(visitor.page.getByTestId('alert').first()).toContainText('private swarm');
  const byName = await open(browser, one.page.url().split('#')[1]!);
  await expect(byName.page.getByTestId('alert').first()).toContainText('Open its invite link');
  const damaged = await open(browser, server.member.slice(0, -2));
  await expect(damaged.page.getByTestId('alert').first()).toContainText('damaged');
  const other = `${server.member.split('&')[0]}&s=${'A'.repeat(43)}`;
  const stranger = await open(browser, other);
  await expect(stranger.page.getByTestId('alert').first()).toContainText('No tab of the swarm', { timeout: 60_000 });
  // There is nothing to run there, and the page does not offer it.
  for (const { page } of [visitor, byName, damaged, stranger]) await expect(page.getByTestId('run-all')).toHaveCount(0);
  const { models, servesPrivateSwarm } = await (await fetch(`${server.url}/config.json`)).json();
  expect([models, servesPrivateSwarm]).toEqual([[], true]);
  expect(await (await fetch(`${server.url}/healthz`)).text()).not.toContain(MODEL);
  for (const path of [
    `models/${MODEL}/manifest.json`,
    `models/${MODEL}/shard-0.gguf`,
    `swarms/${'0'.repeat(64)}/challenge`,
  ]) {
    expect((await fetch(`${server.url}/${path}`)).status).toBe(404);
  }
  // Its secret is its owner's alone.
  expect(statSync(join(server.dataDir, 'swarm.secret')).mode & 0o077).toBe(0);
});

test('a tab founds a swarm of its own on a server that knows nothing of it, and moves it to a new link', async ({
  browser,
}) => {
  await start([]);
  const founder = await open(browser, '');
  await joinWith(founder, [0, 1, 2, 3]);
  await confirm(founder, 'found-private');
  await expect(founder.page.getByTestId('admission')).toHaveAttribute('data-admission', 'member');
  await expectSwarmReady(founder.page);
  const bytes = () => readMetric(server.url, 'shoal_sent_bytes_total{kind="models"}');
  const served = await bytes();
  const named = () => proxy.received().toString('latin1').split(MODEL).length;
  // Of the open swarm's time.
  const namedBefore = named();

  // The weights come from the founder.
  const link = await shownLink(founder, 'invite-link');
  const friend = await open(browser, link);
  await joinWith(friend, [2, 3]);
  const guestLink = await shownLink(friend, 'guest-link');
  expect(guestLink).toBe(await shownLink(founder, 'guest-link'));
  const asks = await open(browser, guestLink);
  await expectSwarmReady(asks.page);
  await expect(asks.page.getByTestId('guest-note')).toBeVisible();
  expect(await ask(asks, PROMPT)).not.toMatch(/^error|^$/);
  expect(await bytes()).toBe(served);
  const received = proxy.received();
  for (const text of [link, guestLink].map((found) => new URLSearchParams(found).get('s')!)) {
    expect(received.includes(text)).toBe(false);
  }
  expect(received.includes(PROMPT)).toBe(false);
  expect(named()).toBe(namedBefore);

  // Members who are there move along; whoever has the old link only finds nobody.
  const opened = friend.page.waitForEvent('load');
  await confirm(founder, 'new-link');
  await opened;
  for (const tab of [founder, friend]) {
    await expect(tab.page.getByTestId('swarm')).toHaveAttribute('data-nodes', '2', { timeout: 60_000 });
    await expectSwarmReady(tab.page);
    await expect(tab.page.getByTestId('notice').first()).toContainText('new link');
  }
  const renewed = await shownLink(founder, 'invite-link');
  expect(renewed).not.toBe(link);
  expect(await shownLink(friend, 'invite-link')).toBe(renewed);
  const late = await open(browser, link);
  await expect(late.page.getByTestId('alert').first()).toContainText('No tab of the swarm', { timeout: 60_000 });
});
