import { expect, test } from '@playwright/test';
import { ask, cases, expectReference, france } from './support/golden.ts';
import { type ServerProcess, startServer } from './support/server.ts';
import { expectShardState, expectSwarmReady, joinWith, openTab, type Tab, withSettings } from './support/tab.ts';

// The main job with every layer on WebGPU, also where only a software adapter is.

const ON_WEBGPU = withSettings({ runner: 'webgpu' });

/** The others are asked in tests/gpu/default-model.test.ts. */
const LONG_CASES = cases.filter(({ ids }) => ids.length > 12);

test.describe.configure({ mode: 'serial' });

let server: ServerProcess;
const tabs: Tab[] = [];
let guest: Tab;

test.beforeAll(async ({ browser }) => {
  server = await startServer();
  for (const shard of [0, 1, 2, 3]) {
    const tab = await openTab(browser, server.url, ON_WEBGPU);
    tabs.push(tab);
    await joinWith(tab, [shard]);
  }
  guest = await openTab(browser, server.url);
  await expectSwarmReady(guest.page);
});

test.afterAll(async () => {
  await Promise.all([...tabs, ...(guest ? [guest] : [])].map(({ context }) => context.close()));
  await server?.stop();
});

test('every stage computes on WebGPU', async () => {
  const runners = tabs.map(({ page }) =>
    page.evaluate(
      async () => (await window.shoal.command(window.shoal.peerId, 'GET_CAPABILITIES')).capabilities.runner,
    ),
  );
  expect(await Promise.all(runners)).toEqual(['webgpu', 'webgpu', 'webgpu', 'webgpu']);
});

test('every long greedy case is the reference, all asked at once', async () => {
  // A software adapter does a few tokens a second, and less beside other tests.
  test.setTimeout(1_200_000);
  // More than a coordinator keeps: those that have ended give way.
  await Promise.all(LONG_CASES.map((greedy, index) => expectReference(guest, greedy, `case ${index}`)));
});

test('what a GPU finds fault with reaches the page’s log, and the check of the swarm', async () => {
  const { page } = tabs[1]!;
  const gpu = page.workers().find((worker) => worker.url().includes('gpu'))!;
  await gpu.evaluate(() => {
    const create = GPUDevice.prototype.createCommandEncoder;
    GPUDevice.prototype.createCommandEncoder = function (descriptor) {
      GPUDevice.prototype.createCommandEncoder = create;
      const error = new GPUValidationError('made by a test');
      this.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error }));
      return create.call(this, descriptor);
    };
  });
  await ask(guest, france, 2);
  const peerId = await page.evaluate(() => window.shoal.peerId);
  const { log } = await guest.page.evaluate((id) => window.shoal.command(id, 'GET_STATS'), peerId);
  expect(log).toContain('[GPU] made by a test');
  const checks = await guest.page.evaluate(async () => {
    const all = await window.shoal.verify();
    return all
      .filter(({ name }) => name.startsWith('Log of'))
      .map(({ name, passed, detail }) => `${passed} ${name}: ${detail}`);
  });
  expect(checks.filter((line) => line.startsWith('false'))).toHaveLength(1);
  expect(checks.join()).toContain('made by a test');
});

test('one tab with all four shards gives the same numbers bit for bit', async ({ browser }) => {
  const split = await ask(guest, france, 12);
  await Promise.all(tabs.splice(0).map(({ context }) => context.close()));
  const whole = await openTab(browser, server.url, ON_WEBGPU);
  tabs.push(whole);
  await whole.page.getByTestId('run-all').click();
  for (const shard of [0, 1, 2, 3]) await expectShardState(whole.page, shard, 'ready');
  const alone = await ask(whole, france, 12);
  expect(alone.text.length).toBeGreaterThan(0);
  expect(alone).toEqual(split);
});
