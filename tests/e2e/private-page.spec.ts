import { execFile } from 'node:child_process';
import { type Browser, expect, test } from '@playwright/test';
import { ask } from './support/asking.ts';
import { readKeptData } from './support/kept-data.ts';
import { confirm, type PrivateServer, shownLink, startPrivateServer } from './support/private-server.ts';
import { expectSwarmReady, joinWith, openPage, openTab, type Tab } from './support/tab.ts';
import { withoutSiteData } from './support/without-site-data.ts';

test.use({ serviceWorkers: 'allow' });

// A private swarm in browsers as people use them: links that are pasted, tabs beside each other, nothing kept.

let server: PrivateServer;
const tabs: Tab[] = [];

async function start(options: readonly string[]): Promise<void> {
  server = await startPrivateServer(options);
}

test.afterEach(async () => {
  for (const { context } of tabs.splice(0)) await context.close();
  await server.stop();
});

async function open(browser: Browser, fragment: string, prepare?: Parameters<typeof openTab>[2]): Promise<Tab> {
  const tab = await openTab(browser, fragment ? `${server.url}/#${fragment}` : server.url, prepare);
  tabs.push(tab);
  return tab;
}

/** As a person changes the address of an open page. */
async function paste({ page }: Tab, fragment: string): Promise<void> {
  const loaded = page.waitForEvent('load');
  // The page opens itself anew in the middle of it.
  await page.goto(`${server.url}/#${fragment}`).catch(() => undefined);
  await loaded;
}

/** Says it in the page's chat, and waits for the answer. */
async function say({ page }: Tab, text: string): Promise<void> {
  await page.getByTestId('prompt').fill(text);
  await page.getByTestId('send').click();
  await expect(page.getByTestId('message').last()).toHaveAttribute('data-role', 'assistant');
  await expect(page.getByTestId('message').last()).not.toHaveAttribute('data-state', 'streaming', { timeout: 60_000 });
}

/** Runs the command as a person does. */
function verify(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const { FORCE_COLOR: _, ...env } = process.env;
    execFile(
      process.execPath,
      ['cli/shoal.ts', 'verify', ...args],
      { env: { ...env, NO_COLOR: '1' } },
      (error, stdout, stderr) => resolve({ status: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

test('an invite that is pasted into the address bar of an open page is entered', async ({ browser }) => {
  await start(['--private']);
  const tab = await open(browser, '');
  const { page } = tab;
  await expect(page.getByTestId('alert').first()).toContainText('private swarm');
  await paste(tab, server.guest);
  await expect(page.getByTestId('admission')).toHaveAttribute('data-admission', 'guest');
  expect(page.url()).toMatch(/#m=[0-9a-f]{64}&p=[0-9a-f]{16}$/);
  // What the page has written there itself is no reason, and neither is what names no swarm.
  await page.evaluate(() => {
    Object.assign(window, { stays: true });
    location.hash = 'top';
    history.back();
  });
  await page.waitForFunction(() => location.hash.startsWith('#m='));
  expect(await page.evaluate(() => 'stays' in window)).toBe(true);
  await paste(tab, server.member);
  await expect(page.getByTestId('admission')).toHaveAttribute('data-admission', 'member');
  // A member who follows a guests' link stays a member, also after a reload.
  await paste(tab, server.guest);
  await expect(page.getByTestId('admission')).toHaveAttribute('data-admission', 'member');
  await page.reload();
  await expect(page.getByTestId('admission')).toHaveAttribute('data-admission', 'member');
  expect(await shownLink(tab, 'invite-link')).toBe(server.member);
  expect(await shownLink(tab, 'guest-link')).toBe(server.guest);
});

test('the secret lies in one database, and in no log', async ({ browser }) => {
  await start(['--private']);
  const one = await open(browser, server.member);
  await joinWith(one, [0, 1, 2, 3]);
  const asks = await open(browser, server.guest);
  await expectSwarmReady(asks.page);
  expect(await ask(asks)).not.toMatch(/^error|^$/);
  await asks.page.reload();
  await expectSwarmReady(asks.page);
  const secrets = [server.member, server.guest].map((link) => new URLSearchParams(link).get('s')!);
  for (const tab of [one, asks]) {
    const kept = await readKeptData(tab.page);
    expect(kept['shoal-private']).toContain(secrets[tab === one ? 0 : 1]);
    const elsewhere = Object.entries(kept).filter(([place]) => place !== 'shoal-private');
    expect(elsewhere.length).toBeGreaterThan(3);
    for (const [place, text] of [...elsewhere, ['console', tab.console.join('\n')] as const])
      for (const secret of secrets) expect([place, text.includes(secret)]).toEqual([place, false]);
    expect(tab.console).not.toEqual([]);
  }
});

test('tabs of one browser are in one private swarm together, and the open one of the model is apart', async ({
  browser,
}) => {
  await start([]);
  const inOpen = await open(browser, '');
  await joinWith(inOpen, [0, 1, 2, 3]);
  await expectSwarmReady(inOpen.page);
  await say(inOpen, 'the open swarm');
  // The same browser, another tab: it founds.
  const founder = await openPage(inOpen.context, `${server.url}/`);
  await expectSwarmReady(founder.page);
  await say(founder, 'also the open swarm');
  await confirm(founder, 'found-private');
  await expect(founder.page.getByTestId('admission')).toHaveAttribute('data-admission', 'member');
  // It had no shard, and takes none by itself.
  await expect(founder.page.getByTestId('shard-0')).not.toHaveAttribute('data-state', 'ready');
  await joinWith(founder, [0, 1]);
  const second = await openPage(inOpen.context, `${server.url}/#${await shownLink(founder, 'invite-link')}`);
  await joinWith(second, [2, 3]);
  for (const tab of [founder, second]) {
    await expectSwarmReady(tab.page);
    await expect(tab.page.getByTestId('swarm')).toHaveAttribute('data-nodes', '2');
  }
  // A conversation would be there by now.
  await expect(founder.page.getByTestId('message').filter({ hasText: 'the open swarm' })).toHaveCount(0);
  await expect(inOpen.page.getByTestId('swarm')).toHaveAttribute('data-nodes', '1');
  await say(founder, 'the private swarm');
  await founder.page.reload();
  await expect(founder.page.getByTestId('message').filter({ hasText: 'the private swarm' })).not.toHaveCount(0);
  await expect(founder.page.getByTestId('swarm')).toHaveAttribute('data-nodes', '2', { timeout: 60_000 });
  await inOpen.page.reload();
  await expectSwarmReady(inOpen.page);
  await expect(inOpen.page.getByTestId('message').filter({ hasText: 'the open swarm' })).not.toHaveCount(0);
  await expect(inOpen.page.getByTestId('message').filter({ hasText: 'the private swarm' })).toHaveCount(0);
  await expect(inOpen.page.getByTestId('admission')).toHaveAttribute('data-admission', 'open');
});

test('a browser without site data takes part as long as its tab is open', async ({ browser }) => {
  await start(['--private']);
  const one = await open(browser, server.member);
  await joinWith(one, [0, 1, 2, 3]);
  const bare = await open(browser, server.guest, withoutSiteData);
  await expectSwarmReady(bare.page);
  await expect(bare.page.getByTestId('lack').first()).toHaveAttribute('data-lack', 'site-data');
  expect(bare.page.url()).toMatch(/#m=[0-9a-f]{64}&p=[0-9a-f]{16}$/);
  expect(await ask(bare)).not.toMatch(/^error|^$/);
  await bare.page.reload();
  await expectSwarmReady(bare.page);
  await expect(bare.page.getByTestId('admission')).toHaveAttribute('data-admission', 'guest');
  const address = bare.page.url();
  await bare.page.close();
  const another = await openPage(bare.context, address);
  await expect(another.page.getByTestId('alert').first()).toContainText('Open its invite link');
});

test('a browser without site data founds none: its shards would be gone', async ({ browser }) => {
  await start([]);
  const { page } = await open(browser, '', withoutSiteData);
  await page.getByTestId('found-private').click();
  await page.getByTestId('found-private-yes').click();
  await expect(page.getByTestId('alert').first()).toContainText('Found it in another browser');
  await expect(page.getByTestId('admission')).toHaveAttribute('data-admission', 'open');
  expect(page.url()).not.toContain('&p=');
});

test('a swarm that has moved is left behind, also by who opens its old address later', async ({ browser }) => {
  await start([]);
  const founder = await open(browser, '');
  await joinWith(founder, [0, 1, 2, 3]);
  const links: string[] = [];
  const addresses: string[] = [];
  for (const button of ['found-private', 'new-link', 'new-link'] as const) {
    await confirm(founder, button);
    await expectSwarmReady(founder.page);
    links.push(await shownLink(founder, 'invite-link'));
    addresses.push(founder.page.url());
  }
  expect(new Set(links).size).toBe(3);
  const late = await openPage(founder.context, addresses[0]!);
  await expectSwarmReady(late.page);
  expect(await shownLink(late, 'invite-link')).toBe(links[2]);
  expect(late.page.url()).toBe(addresses[2]);
  // A link leads where it says.
  await paste(late, links[0]!);
  await expect(late.page.getByTestId('admission')).toHaveAttribute('data-admission', 'member');
  expect(await shownLink(late, 'invite-link')).toBe(links[0]);
  await expect(late.page.getByTestId('swarm')).toHaveAttribute('data-nodes', '0');
});

test('verify checks a private swarm, by either link', async ({ browser }) => {
  await start(['--private']);
  const one = await open(browser, server.member);
  await joinWith(one, [0, 1]);
  const two = await open(browser, server.member);
  await joinWith(two, [2, 3]);
  await expectSwarmReady(one.page);
  for (const link of [server.member, server.guest]) {
    const { status, stdout, stderr } = await verify(`${server.url}/#${link}`, '--data', server.dataDir);
    expect(stdout, stderr).not.toContain('✗');
    expect([status, stderr]).toEqual([0, '']);
    for (const line of [
      'it has the secret',
      'shard-3.gguf (layers 3) at the server',
      'shard-3.gguf on disk',
      'EXECUTE_TASK on shard 3',
    ])
      expect(stdout).toContain(line);
    expect(stdout).not.toContain(new URLSearchParams(link).get('s')!);
  }
  const bare = await verify(one.page.url());
  expect(bare.status).toBe(2);
  expect(bare.stderr).toContain('without the secret');
  const damaged = await verify(`${server.url}/#${server.member.slice(0, -2)}`);
  expect([damaged.status, damaged.stderr]).toEqual([2, expect.stringContaining('damaged')]);
});
