import { expect, test } from '@playwright/test';
import { PIECE_LENGTH } from '../../src/store/metainfo/torrent-file.ts';
import { spoilPiece } from './support/spoil-piece.ts';
import { MOST_RECEIVED, obtain, SIZE_BYTES, transfer, useStoreTabs } from './support/store-tabs.ts';

// Shards between real tabs, each in a browser context with a storage of its own.

const tabs = useStoreTabs();

test('a reopened tab moves nothing, checks its shard and seeds it', async ({ browser }) => {
  const seed = await tabs.openSeed(browser);
  const page = await tabs.openTab(browser);
  await obtain(page);
  await page.reload();
  await page.waitForFunction('window.lab');
  tabs.lab.state.seedRequests = 0;
  const { ms, error } = await obtain(page);
  expect(error).toBeUndefined();
  console.log(`reopened: ${ms.toFixed(0)} ms`);
  expect((await page.evaluate(() => window.lab.events)).map(({ phase }) => phase)).not.toContain('downloading');
  await seed.context().close();
  // It serves others, on its own.
  const other = await tabs.openTab(browser);
  expect(await obtain(other)).not.toHaveProperty('error');
  expect((await transfer(page)).receivedBytes).toBeLessThan(PIECE_LENGTH / 10);
  expect((await transfer(page)).sentBytes).toBeGreaterThanOrEqual(SIZE_BYTES);
  expect(tabs.lab.state.seedRequests).toBe(0);
});

test('the browser collects its garbage when told to', async ({ browser }) => {
  const page = await tabs.openTab(browser);
  expect(await page.evaluate(() => window.lab.collects())).toBe(true);
});

test('what is stored of a shard is kept when the download is stopped', async ({ browser }) => {
  const page = await tabs.openTab(browser, 'slow');
  const stopped = page.evaluate(() => window.lab.obtain());
  await page.waitForFunction(() => window.lab.transfer()?.storedBytes > 5_000_000);
  await page.evaluate(() => window.lab.store.stop(window.lab.shard.infoHash));
  expect((await stopped).error?.code).toBe('aborted');
  const { storedBytes, phase } = await transfer(page);
  expect(phase).toBe('stopped');
  await page.reload();
  await page.waitForFunction('window.lab');
  tabs.lab.state.seedBytes = 0;
  expect(await obtain(page)).not.toHaveProperty('error');
  expect(tabs.lab.state.seedBytes).toBeLessThanOrEqual(SIZE_BYTES - storedBytes);
});

test('a web seed that is away is left alone, and a tab gives the shard', async ({ browser }) => {
  const page = await tabs.openTab(browser, 'away');
  const done = page.evaluate(() => window.lab.obtain());
  await expect.poll(() => tabs.lab.state.seedRequests).toBeGreaterThan(2);
  await page.waitForTimeout(2000);
  expect(tabs.lab.state.seedRequests).toBeLessThan(10);
  await tabs.openSeed(browser);
  expect(await done).not.toHaveProperty('error');
});

test('a guest gets the header alone, and goes on from it', async ({ browser }) => {
  const { headerBytes } = tabs.lab.shard;
  const pieces = Math.ceil(headerBytes / PIECE_LENGTH);
  const page = await tabs.openTab(browser, 'good');
  expect(await page.evaluate(() => window.lab.obtainHeader())).toMatchObject({ bytes: headerBytes });
  expect(tabs.lab.state.seedBytes).toBe(pieces * PIECE_LENGTH);
  expect(await transfer(page)).toMatchObject({ phase: 'stopped', storedBytes: pieces * PIECE_LENGTH, peers: 0 });
  // Stored: a second call asks nobody.
  expect(await page.evaluate(() => window.lab.obtainHeader())).toMatchObject({ bytes: headerBytes });
  expect(await obtain(page)).not.toHaveProperty('error');
  expect(tabs.lab.state.seedBytes).toBe(SIZE_BYTES);
});

test('stored bytes that went wrong are found before use and fetched again', async ({ browser }) => {
  const page = await tabs.openSeed(browser);
  await page.evaluate(spoilPiece, `${tabs.lab.shard.infoHash}/40`);
  await page.reload();
  await page.waitForFunction('window.lab');
  tabs.lab.state.seedBytes = 0;
  expect(await obtain(page)).not.toHaveProperty('error');
  expect(tabs.lab.state.seedBytes).toBe(SIZE_BYTES);
  expect(await transfer(page)).toMatchObject({ phase: 'seeding', verified: true });
});

test('bytes that are not what the manifest says end in hash-mismatch, and are not kept', async ({ browser }) => {
  const page = await tabs.openTimedTab(browser, 'good', { sha256: '0'.repeat(64) });
  const done = page.evaluate(() => window.lab.obtain());
  await page.waitForFunction(() => window.lab.events.some(({ phase }) => phase === 'verifying'));
  await page.waitForFunction(() => window.lab.events.at(-1)?.phase === 'downloading');
  // Nobody else has it.
  await page.clock.fastForward(60_000);
  expect((await done).error).toMatchObject({ code: 'hash-mismatch' });
  expect(await transfer(page)).toMatchObject({ phase: 'stopped', storedBytes: 0, verified: false });
  expect(tabs.lab.state.seedBytes).toBeLessThan(MOST_RECEIVED);
});

test('a full storage is told with what is needed, before and while it fills', async ({ browser }) => {
  const page = await tabs.openTab(browser, 'good');
  const devtools = await page.context().newCDPSession(page);
  const { origin } = new URL(page.url());
  // Chromium does not tell pages of this quota: the writes fail.
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 5_000_000 });
  const meanwhile = await obtain(page);
  expect(meanwhile.error?.code).toBe('storage-full');
  expect(meanwhile.error?.message).toMatch(/shard-0\.gguf needs 1\d\.\d MB more.*uses \d\.\d MB\. Free disk space/);
  expect(await transfer(page)).toMatchObject({ phase: 'stopped' });

  tabs.lab.state.seedRequests = 0;
  await page.evaluate(() => {
    navigator.storage.estimate = async () => ({ usage: 4_000_000, quota: 6_000_000 });
  });
  const before = await obtain(page);
  expect(before.error?.code).toBe('storage-full');
  expect(before.error?.message).toMatch(/uses 4\.0 MB of 6\.0 MB\. Free disk space/);
  expect(tabs.lab.state.seedRequests).toBe(0);

  await devtools.send('Storage.overrideQuotaForOrigin', { origin });
  await page.evaluate(() => Reflect.deleteProperty(navigator.storage, 'estimate'));
  expect(await obtain(page)).not.toHaveProperty('error');
});

test('a removed shard is gone, and can be fetched again', async ({ browser }) => {
  const page = await tabs.openSeed(browser);
  await page.evaluate(() => window.lab.store.remove(window.lab.shard));
  expect(await page.evaluate(() => window.lab.store.isComplete(window.lab.shard))).toBe(false);
  expect(await page.evaluate(() => window.lab.store.seeded())).toEqual([]);
  expect(await obtain(page)).not.toHaveProperty('error');
});

test('a closed store leaves nothing behind that talks', async ({ browser }) => {
  const page = await tabs.openTimedTab(browser, 'good');
  expect(await obtain(page)).not.toHaveProperty('error');
  tabs.lab.setTracker(false);
  await page.waitForTimeout(500);
  const sockets: string[] = [];
  page.on('websocket', (socket) => sockets.push(socket.url()));
  await page.evaluate(() => window.lab.store.close());
  expect(await transfer(page)).toMatchObject({ phase: 'stopped', peers: 0 });
  tabs.lab.setTracker(true);
  await page.clock.fastForward(10 * 60_000);
  await page.waitForTimeout(500);
  expect(sockets).toEqual([]);
});

test('a header that nobody has is missed in the end', async ({ browser }) => {
  const page = await tabs.openTimedTab(browser);
  const done = page.evaluate(() => window.lab.obtainHeader());
  await page.waitForFunction(() => window.lab.transfer()?.phase === 'downloading');
  let settled = false;
  void done.finally(() => {
    settled = true;
  });
  // On a busy machine the patience begins later than that.
  while (!settled) {
    await page.waitForTimeout(500);
    await page.clock.fastForward(50_000);
  }
  expect((await done).error).toMatchObject({ code: 'shard-missing' });
});

test('a page that is never idle, as hidden ones are, fetches all the same', async ({ browser }) => {
  await tabs.openSeed(browser);
  const page = await (await browser.newContext()).newPage();
  await page.addInitScript(() => {
    window.requestIdleCallback = () => 0;
  });
  await tabs.goTo(page);
  expect(await obtain(page)).not.toHaveProperty('error');
});

test('a file is imported, and seeded to tabs that have neither server nor torrent', async ({ browser }) => {
  tabs.lab.state.torrentServed = false;
  const page = await tabs.openTab(browser);
  const wrong = await page.evaluate(() => window.lab.importShard('flipped'));
  expect(wrong.error).toMatchObject({ code: 'hash-mismatch' });
  expect(await transfer(page)).toMatchObject({ storedBytes: 0, verified: false });
  expect(await page.evaluate(() => window.lab.importShard('good'))).not.toHaveProperty('error');
  expect(await transfer(page)).toMatchObject({ storedBytes: SIZE_BYTES, verified: true });
  expect(await obtain(page)).not.toHaveProperty('error');
  expect((await page.evaluate(() => window.lab.events)).map(({ phase }) => phase)).not.toContain('downloading');
  const other = await tabs.openTab(browser);
  expect(await obtain(other)).not.toHaveProperty('error');
});
