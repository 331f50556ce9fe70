import { expect, test } from '@playwright/test';
import { caseName, cases, expectReference, france } from '../e2e/support/golden.ts';
import { type ServerProcess, startServer } from '../e2e/support/server.ts';
import {
  expectSwarmReady as expectChromiumReady,
  joinWith as joinInChromium,
  openTab,
  type Tab,
  withSettings,
} from '../e2e/support/tab.ts';
import { routeOf, tell } from '../e2e/support/telling.ts';
import { readMetric } from '../support/read-metric.ts';
import { Firefox, type FirefoxTab } from './support/firefox.ts';
import { expectAnswer, expectShards, expectSwarmReady, joinWith } from './support/steps.ts';

// A Firefox tab with the first half of the default model and a Chromium tab with the other half.

test.describe.configure({ mode: 'serial' });

const SETTINGS = { temperature: 0, spreadModel: false };
const QUESTION = france.messages![0]!.content;
const ANSWER = 'The capital of France is Paris.';
/** Long enough that a stage can go in mid-answer. */
const TOKENS = 80;

let server: ServerProcess;
let firefox: Firefox;
let first: FirefoxTab;
let second: Tab;

test.beforeAll(async ({ browser }) => {
  server = await startServer();
  firefox = await Firefox.launch();
  first = await firefox.openTab(server.url, SETTINGS);
  await joinWith(first, [0, 1]);
  second = await openTab(browser, server.url, withSettings(SETTINGS));
  await joinInChromium(second, [2, 3]);
  await expectSwarmReady(first);
  await expectChromiumReady(second.page);
});

test.afterEach(() => {
  // What the tabs saw tells why.
  const { status, expectedStatus } = test.info();
  if (status !== expectedStatus) for (const tab of [first, second]) console.log(tab?.console.slice(-40).join('\n'));
});

test.afterAll(async () => {
  await second?.context.close();
  await firefox?.close();
  expect(await server?.stop()).toBe(0);
});

test('a prompt typed into Firefox is answered by both browsers', async () => {
  await first.prompt(QUESTION);
  await expectAnswer(first, ANSWER);
  expect(await routeOf(first)).toEqual([await idOf(first), await idOf(second)]);
});

test('a prompt typed into Chromium is answered by both browsers', async () => {
  const { page } = second;
  await page.getByTestId('prompt').fill(QUESTION);
  await page.getByTestId('prompt').press('Enter');
  const answer = page.locator('[data-testid=message][data-role=assistant]').last();
  await expect(answer).toHaveAttribute('data-state', 'done', { timeout: 120_000 });
  await expect(answer).toContainText(ANSWER);
  await expectReference(second, france);
  expect(await routeOf(second)).toEqual([await idOf(first), await idOf(second)]);
});

for (const [index, greedy] of cases.entries()) {
  // A few of each kind: what is computed is the other suites' matter.
  if (index % 3 === 0) test(`${caseName(index, greedy)}, asked in Firefox`, () => expectReference(first, greedy));
}

test('a Firefox guest that holds nothing asks', async () => {
  const guest = await firefox.openTab(server.url, SETTINGS);
  await expectSwarmReady(guest);
  await guest.prompt(QUESTION);
  await expectAnswer(guest, ANSWER);
  expect(await routeOf(guest)).toEqual([await idOf(first), await idOf(second)]);
  await expectReference(guest, france);
});

test('a reloaded Firefox serves from its storage and fetches no byte', async () => {
  const sentBytes = () => readMetric(server.url, 'shoal_sent_bytes_total{kind="models"}');
  const sentBefore = await sentBytes();
  expect(sentBefore).toBeGreaterThan(0);
  await first.reload();
  await expectShards(first, [0, 1]);
  await expectSwarmReady(first);
  expect(first.console.join('\n')).toContain('[SHARD] ✓✓✓ SHARD 0 LOADED BEFORE JOINING NETWORK ✓✓✓');
  const transfers = await first.page.evaluate(() => window.shoal.transfers());
  expect(transfers.map(({ receivedBytes }) => receivedBytes)).toEqual(transfers.map(() => 0));
  // The manifest is read again.
  expect((await sentBytes()) - sentBefore).toBeLessThan(100_000);
  await expectChromiumReady(second.page);
  await expectReference(second, france);
});

test('a Firefox stage that is killed in mid-answer is taken over by a spare, to the same text', async ({ browser }) => {
  const undisturbed = await tell(second, TOKENS);
  const spare = await openTab(browser, server.url, withSettings(SETTINGS));
  await joinInChromium(spare, [0, 1]);
  await expect(second.page.getByTestId('swarm')).toHaveAttribute('data-nodes', '3', { timeout: 60_000 });
  const victim = await idOf(first);
  const told = await tell(second, TOKENS, async () => {
    // The conversation's session keeps its route.
    expect(await routeOf(second)).toContain(victim);
    firefox.kill();
  });
  console.log(`a killed Firefox: longest pause ${told.pauseMs.toFixed(0)} ms`);
  expect(told.bytes).toEqual(undisturbed.bytes);
  expect(told.peers).toEqual([await idOf(spare), await idOf(second)]);
  await spare.context.close();
});

function idOf({ page }: { readonly page: FirefoxTab['page'] }): Promise<string> {
  return page.evaluate(() => window.shoal.peerId);
}
