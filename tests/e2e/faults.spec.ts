import { networkInterfaces } from 'node:os';
import { type Browser, chromium, expect, test } from '@playwright/test';
import { CHROMIUM_FLAGS } from '../../cli/browser.ts';
import type { Settings } from '../../src/app/app-model.ts';
import { ask } from './support/asking.ts';
import { expectShardState, expectSwarmReady, joinWith, openTab, type Tab, withSettings } from './support/tab.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

// What goes wrong in real tabs, on a tiny model.

let server: TinyServer;
const tabs: Tab[] = [];

test.beforeEach(async () => {
  server = await startTinyServer();
});

test.afterEach(async () => {
  await Promise.all(tabs.splice(0).map(({ context }) => context.close()));
  await server.stop();
});

async function open(browser: Browser, settings: Partial<Settings> = {}): Promise<Tab> {
  const tab = await openTab(browser, server.url, withSettings(settings));
  tabs.push(tab);
  return tab;
}

/** What this tab says of itself. */
async function capabilities({ page }: Tab) {
  // A shard may serve before the tab is connected.
  await page.waitForFunction(() => window.shoal.peerId !== '');
  return page.evaluate(async () => (await window.shoal.command(window.shoal.peerId, 'GET_CAPABILITIES')).capabilities);
}

test('a lost GPU device is taken again, the shard loaded again, and the answer is the same', async ({ browser }) => {
  const tab = await open(browser, { runner: 'webgpu' });
  await tab.page.getByTestId('run-all').click();
  await expectSwarmReady(tab.page);
  const before = await ask(tab);
  expect(before).not.toContain('error:');
  const devtools = await browser.newBrowserCDPSession();
  await devtools.send('Browser.crashGpuProcess').catch(() => undefined);
  await expect
    .poll(() => tab.console.some((line) => line.includes('The GPU device was lost')), { timeout: 30_000 })
    .toBe(true);
  for (const shard of [0, 1, 2, 3]) await expectShardState(tab.page, shard, 'ready');
  expect(await ask(tab)).toBe(before);
});

test('a prompt in a swarm that lacks a shard has this tab fetch it, and the page says so before it is sent', async ({
  browser,
}) => {
  const tab = await open(browser);
  await joinWith(tab, [0, 1, 3]);
  await expect(tab.page.getByTestId('swarm')).toHaveAttribute('data-state', 'waiting');
  await expect(tab.page.getByText('Shard 2 is missing: this tab fetches it when you ask.')).toBeVisible();
  expect(await ask(tab)).not.toMatch(/error/);
  await expectShardState(tab.page, 2, 'ready');
});

test('a prompt longer than the context is refused with both numbers', async ({ browser }) => {
  const tab = await open(browser);
  await tab.page.getByTestId('run-all').click();
  await expectSwarmReady(tab.page);
  expect(await ask(tab, 'word '.repeat(600))).toMatch(/error: .*\d{3,} tokens.*context.*256/);
});

test('four tabs in a browser without WebGPU answer on their processors, and a GPU can take a part', async ({
  browser,
  launchOptions,
}) => {
  const plain = await chromium.launch({
    ...launchOptions,
    args: CHROMIUM_FLAGS.filter((flag) => !/webgpu/.test(flag)),
  });
  try {
    const nodes: Tab[] = await Promise.all(
      [0, 1, 2, 3].map(async (shard) => {
        const tab = await openTab(plain, server.url);
        await expect(tab.page.getByTestId('environment')).toHaveAttribute('data-notice', 'no-webgpu');
        await joinWith(tab, [shard]);
        return tab;
      }),
    );
    const asker = nodes[0]!;
    await expectSwarmReady(asker.page);
    const answer = await ask(asker);
    expect(answer).not.toContain('error:');
    expect(await capabilities(asker)).toMatchObject({
      runner: 'cpu',
      runner_reason: expect.stringContaining('no GPU'),
    });

    await nodes[2]!.context.close();
    const gpu = await open(browser, { runner: 'webgpu' });
    await joinWith(gpu, [2]);
    expect(await capabilities(gpu)).toMatchObject({
      runner: 'webgpu',
      runner_reason: expect.stringContaining('settings'),
    });
    await expectSwarmReady(asker.page);
    expect(await ask(asker)).toBe(answer);
  } finally {
    await plain.close();
  }
});

test('a file of the same model is split in the page into the very shards of the server', async ({ browser }) => {
  const tab = await openTab(browser, server.url, (context) =>
    context.route(/shard-\d+\.gguf/, (route) => route.abort()),
  );
  tabs.push(tab);
  await tab.page.getByTestId('settings').locator('summary').click();
  await tab.page.getByTestId('open-file').setInputFiles(server.modelFile);
  await expect(tab.page.getByTestId('notice').last()).toContainText('all 4 shards are in this browser now', {
    timeout: 30_000,
  });
  await tab.page.getByTestId('run-all').click();
  for (const shard of [0, 1, 2, 3]) await expectShardState(tab.page, shard, 'ready');
  const transfers = await tab.page.evaluate(() =>
    window.shoal.transfers().map(({ receivedBytes, verified }) => ({ receivedBytes, verified })),
  );
  expect(transfers).toEqual(Array.from({ length: 4 }, () => ({ receivedBytes: 0, verified: true })));
});

test('a file that is no model gets a clear error', async ({ browser }) => {
  const tab = await open(browser);
  await tab.page.getByTestId('settings').locator('summary').click();
  await tab.page.getByTestId('open-file').setInputFiles({
    name: 'notes.gguf',
    mimeType: 'application/octet-stream',
    buffer: Buffer.from('no model at all'),
  });
  await expect(tab.page.getByTestId('alert')).toContainText('notes.gguf is not a valid GGUF file');
});

test('an insecure context says what is wrong and what to do', async ({ browser }) => {
  const address = Object.values(networkInterfaces())
    .flat()
    .find((found) => found?.family === 'IPv4' && !found.internal)?.address;
  // A machine without a network has no insecure address either.
  test.skip(!address, 'this machine has no address but loopback');
  const open = await startTinyServer(['--host', '0.0.0.0']);
  try {
    const { page, context } = await openTab(browser, open.url.replace(/\/\/[^:]+/, `//${address}`));
    await expect(page.getByTestId('environment')).toHaveAttribute('data-notice', 'insecure');
    await expect(page.getByTestId('environment')).toContainText('--https');
    await context.close();
  } finally {
    await open.stop();
  }
});
