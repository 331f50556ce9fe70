import { expect, test } from '@playwright/test';
import { PIECE_LENGTH } from '../../src/store/metainfo/torrent-file.ts';
import { MOST_RECEIVED, obtain, SIZE_BYTES, transfer, useStoreTabs } from './support/store-tabs.ts';

// Shards between real tabs: how fast they come, and how soon somebody notices.

const megabytesPerSecond = (ms: number) => `${(SIZE_BYTES / 1000 / ms).toFixed(1)} MB/s`;
const tabs = useStoreTabs();

test('a shard goes from the server to a tab, and on to another tab without the server', async ({ browser }) => {
  const first = await tabs.openTab(browser, 'good');
  const fromServer = await obtain(first);
  expect(fromServer).not.toHaveProperty('error');
  expect(tabs.lab.state.seedBytes).toBeLessThan(MOST_RECEIVED);
  expect(await transfer(first)).toMatchObject({ receivedBytes: SIZE_BYTES, serverBytes: SIZE_BYTES });
  // Metadata comes from the first tab too.
  tabs.lab.state.torrentServed = false;
  const second = await tabs.openTab(browser);
  const lines: string[] = [];
  second.on('console', (message) => lines.push(message.text()));
  const fromTab = await obtain(second);
  expect(fromTab).not.toHaveProperty('error');
  expect(await transfer(second)).toMatchObject({ phase: 'seeding', storedBytes: SIZE_BYTES, verified: true });
  expect((await transfer(second)).receivedBytes).toBeLessThan(MOST_RECEIVED);
  expect((await transfer(second)).serverBytes).toBe(0);
  expect(lines).toContain(`[TORRENT] ✓ Seeding primary shard: shard-0.gguf (hash: ${tabs.lab.shard.infoHash})`);
  expect(await second.evaluate(() => window.lab.store.seeded())).toEqual([
    { infoHash: tabs.lab.shard.infoHash, fileName: 'shard-0.gguf', sizeBytes: SIZE_BYTES },
  ]);

  const events = await second.evaluate(() => window.lab.events);
  expect([...new Set(events.map(({ phase }) => phase))]).toEqual(['downloading', 'verifying', 'seeding']);
  const perSecond = events.length / (Math.max(1000, fromTab.ms) / 1000);
  expect(perSecond).toBeLessThan(2 + 4);
  const arriving = events.filter(({ phase, receivedBytes }) => phase === 'downloading' && receivedBytes > 0);
  for (const { secondsLeft } of arriving) if (secondsLeft !== undefined) expect(secondsLeft).toBeLessThan(60);

  const { hashMs, readMs, smallReadsMs } = await second.evaluate(() => window.lab.measure());
  console.log(
    `web seed to tab ${megabytesPerSecond(fromServer.ms)}, tab to tab ${megabytesPerSecond(fromTab.ms)} (connecting included), SHA-256 ${megabytesPerSecond(hashMs)}, reading ${megabytesPerSecond(readMs)}, 256 reads of 4 KiB ${smallReadsMs.toFixed(0)} ms`,
  );
});

test('a web seed with a wrong bit is dropped after two pieces, and the rest comes from a tab', async ({ browser }) => {
  const page = await tabs.openTab(browser, 'flipped');
  const lines: string[] = [];
  page.on('console', (message) => lines.push(message.text()));
  const done = page.evaluate(() => window.lab.obtain());
  await expect.poll(() => lines.join()).toContain('/lab/seed/flipped sent wrong data');
  // What is on its way.
  await page.waitForTimeout(500);
  const sent = tabs.lab.state.seedBytes;
  await page.waitForTimeout(2000);
  expect(tabs.lab.state.seedBytes).toBe(sent);
  // The right pieces, the wrong one twice, and two more requests of 2 MiB that were on their way.
  const { storedBytes } = await transfer(page);
  expect(sent).toBeLessThan(storedBytes + (2 + 2 * 8 + 1) * PIECE_LENGTH);
  console.log(`wrong web seed: ${sent} bytes moved, ${storedBytes} of them kept`);
  await tabs.openSeed(browser);
  await page.evaluate(() => window.lab.store.announce());
  expect(await done).not.toHaveProperty('error');
  expect((await transfer(page)).receivedBytes).toBeLessThan(MOST_RECEIVED);
});

test('tabs find each other at once when the tracker is back', async ({ browser }) => {
  const seed = await tabs.openSeed(browser);
  tabs.lab.setTracker(false);
  const page = await tabs.openTab(browser);
  const done = page.evaluate(() => window.lab.obtain());
  await page.waitForTimeout(1500);
  tabs.lab.setTracker(true);
  for (const tab of [seed, page]) await tab.evaluate(() => window.lab.store.announce());
  const backAtMs = Date.now();
  expect(await done).not.toHaveProperty('error');
  // webtorrent alone waits for 10 s and up to five minutes more.
  expect(Date.now() - backAtMs).toBeLessThan(9000);
});

test('a tab that crashes in the middle costs others seconds', async ({ browser }) => {
  const seed = await tabs.openSeed(browser);
  await tabs.openSeed(browser);
  const page = await tabs.openTab(browser);
  const done = page.evaluate(() => window.lab.obtain());
  await page.waitForFunction(() => window.lab.transfer()?.peers === 2 && window.lab.transfer().receivedBytes > 1e6);
  const devtools = await seed.context().newCDPSession(seed);
  void devtools.send('Page.crash').catch(() => undefined);
  const crashedAtMs = Date.now();
  expect(await done).not.toHaveProperty('error');
  console.log(`after a crash: ${Date.now() - crashedAtMs} ms`);
  // Its connection is seen to fail after 16 s only.
  expect(Date.now() - crashedAtMs).toBeLessThan(14_000);
});
