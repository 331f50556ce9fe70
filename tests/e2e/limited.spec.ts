import { type BrowserContext, expect, test } from '@playwright/test';
import { ask } from './support/asking.ts';
import { expectShardState, expectSwarmReady, openTab, type Tab } from './support/tab.ts';
import { routeOf } from './support/telling.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';
import { withoutSiteData } from './support/without-site-data.ts';

test.use({ serviceWorkers: 'allow' });

// Browsers that give the page less than it likes: it runs the model alone, and says what it cannot do.

const SHARDS = [0, 1, 2, 3];

let server: TinyServer;
let expected: string;

test.beforeAll(async ({ browser }) => {
  server = await startTinyServer();
  const whole = await openTab(browser, server.url);
  await runAll(whole);
  await expect(whole.page.getByTestId('lack')).toHaveCount(0);
  expected = await ask(whole);
  expect(expected).not.toMatch(/^error|^$/);
  await whole.context.close();
});

test.afterAll(() => server.stop());

test.afterEach(() => {
  const { status, expectedStatus } = test.info();
  if (status !== expectedStatus) console.log(opened?.console.slice(-40).join('\n'));
});

let opened: Tab | undefined;

async function runAll(tab: Tab): Promise<void> {
  opened = tab;
  await tab.page.getByTestId('run-all').click();
  for (const shard of SHARDS) await expectShardState(tab.page, shard, 'ready');
  await expectSwarmReady(tab.page);
}

async function expectLack(tab: Tab, lack: string, words: RegExp): Promise<void> {
  await expect(tab.page.getByTestId('lack')).toHaveCount(1);
  await expect(tab.page.getByTestId('lack')).toHaveAttribute('data-lack', lack);
  await expect(tab.page.getByTestId('lack')).toHaveText(words);
}

function withoutWebRtc(context: BrowserContext): Promise<unknown> {
  return context.addInitScript(() => {
    for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection', 'RTCDataChannel', 'RTCSessionDescription'])
      Reflect.deleteProperty(window, name);
  });
}

/** The page's answers say nothing of isolation. */
function withoutIsolation(context: BrowserContext): Promise<unknown> {
  return context.route('**/*', async (route) => {
    // What is asked for as a test ends has nobody to answer to.
    const response = await route.fetch().catch(() => undefined);
    if (!response) return;
    const headers = { ...response.headers() };
    for (const name of ['cross-origin-opener-policy', 'cross-origin-embedder-policy']) delete headers[name];
    await route.fulfill({ response, headers }).catch(() => undefined);
  });
}

test('without WebRTC', async ({ browser }) => {
  const tab = await openTab(browser, server.url, withoutWebRtc);
  await expectLack(tab, 'webrtc', /cannot work with others/);
  await runAll(tab);
  expect(await ask(tab)).toBe(expected);
  expect(await routeOf(tab)).toEqual([await tab.page.evaluate(() => window.shoal.peerId)]);
  // What it fetched is kept as ever.
  await tab.page.reload();
  for (const shard of SHARDS) await expectShardState(tab.page, shard, 'ready');
  await tab.context.close();
});

test('without site data', async ({ browser }) => {
  const tab = await openTab(browser, server.url, withoutSiteData);
  await expectLack(tab, 'site-data', /nothing is there any more/);
  await runAll(tab);
  expect(await ask(tab)).toBe(expected);
  await tab.page.reload();
  await expectLack(tab, 'site-data', /nothing is there any more/);
  await expectShardState(tab.page, 0, 'absent');
  await tab.context.close();
});

test('without memory that threads share', async ({ browser }) => {
  const tab = await openTab(browser, server.url, withoutIsolation);
  expect(await tab.page.evaluate(() => globalThis.crossOriginIsolated)).toBe(false);
  await expectLack(tab, 'threads', /on one thread/);
  await runAll(tab);
  expect(await ask(tab)).toBe(expected);
  await tab.context.close();
});

test('a page whose code does not come says what to do, and nothing of it once it is there', async ({ browser }) => {
  const [starts] = /assets\/index-[^"]+\.js/.exec(await (await fetch(server.url)).text())!;
  const slow = 'Shoal is still loading. If nothing comes, reload the page.';
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.route(`**/${starts}`, (route) => route.abort());
  await page.goto(server.url);
  await expect(page.getByText(slow)).toBeHidden();
  await expect(page.getByText(slow)).toBeVisible({ timeout: 30_000 });
  await page.unroute(`**/${starts}`);
  await page.reload();
  await expect(page.getByTestId('swarm')).toBeVisible();
  await expect(page.getByText(slow)).toBeHidden();
  await context.close();
});
