import { type Browser, expect, test } from '@playwright/test';
import { expectSwarmReady, joinWith, type Tab, watchPage } from './support/tab.ts';
import { tell } from './support/telling.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

// Noise is not death: a bad network between real tabs makes an answer slow, and costs nobody his place.

const TOKENS = 20;
/** DevTools' latency of each of two tabs counts twice in a round trip between them, and its loss twice each way. */
const LATENCY_MS = 100;
const ROUND_TRIP_MS = 4 * LATENCY_MS;
const LOSS_PERCENT = 2.5;

let server: TinyServer;
const tabs: Tab[] = [];

test.beforeAll(async () => {
  server = await startTinyServer();
});

test.afterAll(async () => {
  await Promise.all(tabs.map(({ context }) => context.close()));
  await server.stop();
});

/** A tab whose network is shaped from its first connection on: Chromium shapes no WebRTC connection that was made before. */
async function openFarTab(browser: Browser): Promise<Tab> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.emulateNetworkConditions', {
    ...{ offline: false, latency: LATENCY_MS, downloadThroughput: -1, uploadThroughput: -1 },
    ...{ packetLoss: LOSS_PERCENT, packetQueueLength: 1000 },
  });
  const tab = watchPage(page);
  await page.goto(server.url);
  tabs.push(tab);
  return tab;
}

test('with 400 ms of round trip and 5 % loss nobody is given up, and the answer is the same', async ({ browser }) => {
  const guest = await openFarTab(browser);
  const nodes = [await openFarTab(browser), await openFarTab(browser)];
  await joinWith(nodes[0]!, [0, 1]);
  await joinWith(nodes[1]!, [2, 3]);
  await expectSwarmReady(guest.page);
  const far = await tell(guest, TOKENS);
  const again = await tell(guest, TOKENS);
  expect(again.bytes).toEqual(far.bytes);
  // Three ways at least, each half a round trip: the noise was really there.
  const lapMs = await guest.page.evaluate(() => window.shoal.lap!.totalMs);
  expect(lapMs).toBeGreaterThan(1.2 * ROUND_TRIP_MS);
  const lost = tabs.flatMap((tab) => tab.console).filter((line) => /has been silent|left the swarm/.test(line));
  expect(lost).toEqual([]);
  // Both ends of a link that loses packets say so.
  const aside = tabs.flatMap((tab) => tab.console).filter((line) => line.includes('frames go over side connections'));
  expect(aside.length).toBeGreaterThanOrEqual(2);
  console.log(
    `${aside.length} ends with side connections, last lap ${lapMs.toFixed(0)} ms, longest pause ${Math.max(far.pauseMs, again.pauseMs).toFixed(0)} ms`,
  );
});
