import { type Browser, expect, type Page, test } from '@playwright/test';
import { PIECE_LENGTH } from '../../src/store/metainfo/torrent-file.ts';
import { spoilPiece } from './support/spoil-piece.ts';
import { type SeedName, type StoreLabServer, startStoreLab } from './support/store-lab.ts';

// Shards between real tabs, each in a browser context with a storage of its own.

const SIZE_BYTES = 20_000_000;
/** What a transfer may move in all: handshakes and messages beside the file, and blocks that two sources sent. */
const MOST_RECEIVED = SIZE_BYTES * 1.1;

let lab: StoreLabServer;
let pageErrors: string[];

test.beforeAll(async () => {
  lab = await startStoreLab(SIZE_BYTES);
});
test.afterAll(async () => {
  await lab?.close();
});
test.beforeEach(() => {
  pageErrors = [];
  Object.assign(lab.state, { torrentServed: true, seedRequests: 0, seedBytes: 0 });
});
test.afterEach(async ({ browser }) => {
  await Promise.all(browser.contexts().map((context) => context.close()));
  expect(pageErrors).toEqual([]);
});

async function openTab(browser: Browser, seed?: SeedName, parameters?: Record<string, string>): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await goTo(page, seed, parameters);
  return page;
}

/** A tab whose clock the test can set forward. */
async function openTimedTab(browser: Browser, seed?: SeedName, parameters?: Record<string, string>): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.clock.install();
  await goTo(page, seed, parameters);
  return page;
}

async function goTo(page: Page, seed?: SeedName, parameters?: Record<string, string>): Promise<void> {
  page.on('pageerror', (error) => pageErrors.push(error.stack ?? error.message));
  await page.goto(lab.pageUrl(seed, parameters));
  await page.waitForFunction('window.lab');
}

/** A tab that has the shard and seeds it. */
async function openSeed(browser: Browser): Promise<Page> {
  const page = await openTab(browser, 'good');
  expect(await obtain(page)).not.toHaveProperty('error');
  return page;
}

const obtain = (page: Page) => page.evaluate(() => window.lab.obtain());
const transfer = (page: Page) => page.evaluate(() => window.lab.transfer());
const megabytesPerSecond = (ms: number) => `${(SIZE_BYTES / 1000 / ms).toFixed(1)} MB/s`;

test('a shard goes from the server to a tab, and on to another tab without the server', async ({ browser }) => {
  const first = await openTab(browser, 'good');
  const fromServer = await obtain(first);
  expect(fromServer).not.toHaveProperty('error');
  expect(lab.state.seedBytes).toBeLessThan(MOST_RECEIVED);
  expect(await transfer(first)).toMatchObject({ receivedBytes: SIZE_BYTES, serverBytes: SIZE_BYTES });
  // Metadata comes from the first tab too.
  lab.state.torrentServed = false;
  const second = await openTab(browser);
  const lines: string[] = [];
  second.on('console', (message) => lines.push(message.text()));
  const fromTab = await obtain(second);
  expect(fromTab).not.toHaveProperty('error');
  expect(await transfer(second)).toMatchObject({ phase: 'seeding', storedBytes: SIZE_BYTES, verified: true });
  expect((await transfer(second)).receivedBytes).toBeLessThan(MOST_RECEIVED);
  expect((await transfer(second)).serverBytes).toBe(0);
  expect(lines).toContain(`[TORRENT] ✓ Seeding primary shard: shard-0.gguf (hash: ${lab.shard.infoHash})`);
  expect(await second.evaluate(() => window.lab.store.seeded())).toEqual([
    { infoHash: lab.shard.infoHash, fileName: 'shard-0.gguf', sizeBytes: SIZE_BYTES },
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

test('a reopened tab moves nothing, checks its shard and seeds it', async ({ browser }) => {
  const seed = await openSeed(browser);
  const page = await openTab(browser);
  await obtain(page);
  await page.reload();
  await page.waitForFunction('window.lab');
  lab.state.seedRequests = 0;
  const { ms, error } = await obtain(page);
  expect(error).toBeUndefined();
  console.log(`reopened: ${ms.toFixed(0)} ms`);
  expect((await page.evaluate(() => window.lab.events)).map(({ phase }) => phase)).not.toContain('downloading');
  await seed.context().close();
  // It serves others, on its own.
  const other = await openTab(browser);
  expect(await obtain(other)).not.toHaveProperty('error');
  expect((await transfer(page)).receivedBytes).toBeLessThan(PIECE_LENGTH / 10);
  expect((await transfer(page)).sentBytes).toBeGreaterThanOrEqual(SIZE_BYTES);
  expect(lab.state.seedRequests).toBe(0);
});

test('the browser collects its garbage when told to', async ({ browser }) => {
  const page = await openTab(browser);
  expect(await page.evaluate(() => window.lab.collects())).toBe(true);
});

test('what is stored of a shard is kept when the download is stopped', async ({ browser }) => {
  const page = await openTab(browser, 'slow');
  const stopped = page.evaluate(() => window.lab.obtain());
  await page.waitForFunction(() => window.lab.transfer()?.storedBytes > 5_000_000);
  await page.evaluate(() => window.lab.store.stop(window.lab.shard.infoHash));
  expect((await stopped).error?.code).toBe('aborted');
  const { storedBytes, phase } = await transfer(page);
  expect(phase).toBe('stopped');
  await page.reload();
  await page.waitForFunction('window.lab');
  lab.state.seedBytes = 0;
  expect(await obtain(page)).not.toHaveProperty('error');
  expect(lab.state.seedBytes).toBeLessThanOrEqual(SIZE_BYTES - storedBytes);
});

test('a web seed with a wrong bit is dropped after two pieces, and the rest comes from a tab', async ({ browser }) => {
  const page = await openTab(browser, 'flipped');
  const lines: string[] = [];
  page.on('console', (message) => lines.push(message.text()));
  const done = page.evaluate(() => window.lab.obtain());
  await expect.poll(() => lines.join()).toContain('/lab/seed/flipped sent wrong data');
  // What is on its way.
  await page.waitForTimeout(500);
  const sent = lab.state.seedBytes;
  await page.waitForTimeout(2000);
  expect(lab.state.seedBytes).toBe(sent);
  // The right pieces, the wrong one twice, and two more requests of 2 MiB that were on their way.
  const { storedBytes } = await transfer(page);
  expect(sent).toBeLessThan(storedBytes + (2 + 2 * 8 + 1) * PIECE_LENGTH);
  console.log(`wrong web seed: ${sent} bytes moved, ${storedBytes} of them kept`);
  await openSeed(browser);
  await page.evaluate(() => window.lab.store.announce());
  expect(await done).not.toHaveProperty('error');
  expect((await transfer(page)).receivedBytes).toBeLessThan(MOST_RECEIVED);
});

test('a web seed that is away is left alone, and a tab gives the shard', async ({ browser }) => {
  const page = await openTab(browser, 'away');
  const done = page.evaluate(() => window.lab.obtain());
  await expect.poll(() => lab.state.seedRequests).toBeGreaterThan(2);
  await page.waitForTimeout(2000);
  expect(lab.state.seedRequests).toBeLessThan(10);
  await openSeed(browser);
  expect(await done).not.toHaveProperty('error');
});

test('a guest gets the header alone, and goes on from it', async ({ browser }) => {
  const { headerBytes } = lab.shard;
  const pieces = Math.ceil(headerBytes / PIECE_LENGTH);
  const page = await openTab(browser, 'good');
  expect(await page.evaluate(() => window.lab.obtainHeader())).toMatchObject({ bytes: headerBytes });
  expect(lab.state.seedBytes).toBe(pieces * PIECE_LENGTH);
  expect(await transfer(page)).toMatchObject({ phase: 'stopped', storedBytes: pieces * PIECE_LENGTH, peers: 0 });
  // Stored: a second call asks nobody.
  expect(await page.evaluate(() => window.lab.obtainHeader())).toMatchObject({ bytes: headerBytes });
  expect(await obtain(page)).not.toHaveProperty('error');
  expect(lab.state.seedBytes).toBe(SIZE_BYTES);
});

test('stored bytes that went wrong are found before use and fetched again', async ({ browser }) => {
  const page = await openSeed(browser);
  await page.evaluate(spoilPiece, `${lab.shard.infoHash}/40`);
  await page.reload();
  await page.waitForFunction('window.lab');
  lab.state.seedBytes = 0;
  expect(await obtain(page)).not.toHaveProperty('error');
  expect(lab.state.seedBytes).toBe(SIZE_BYTES);
  expect(await transfer(page)).toMatchObject({ phase: 'seeding', verified: true });
});

test('bytes that are not what the manifest says end in hash-mismatch, and are not kept', async ({ browser }) => {
  const page = await openTimedTab(browser, 'good', { sha256: '0'.repeat(64) });
  const done = page.evaluate(() => window.lab.obtain());
  await page.waitForFunction(() => window.lab.events.some(({ phase }) => phase === 'verifying'));
  await page.waitForFunction(() => window.lab.events.at(-1)?.phase === 'downloading');
  // Nobody else has it.
  await page.clock.fastForward(60_000);
  expect((await done).error).toMatchObject({ code: 'hash-mismatch' });
  expect(await transfer(page)).toMatchObject({ phase: 'stopped', storedBytes: 0, verified: false });
  expect(lab.state.seedBytes).toBeLessThan(MOST_RECEIVED);
});

test('a full storage is told with what is needed, before and while it fills', async ({ browser }) => {
  const page = await openTab(browser, 'good');
  const devtools = await page.context().newCDPSession(page);
  const { origin } = new URL(page.url());
  // Chromium does not tell pages of this quota: the writes fail.
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 5_000_000 });
  const meanwhile = await obtain(page);
  expect(meanwhile.error?.code).toBe('storage-full');
  expect(meanwhile.error?.message).toMatch(/shard-0\.gguf needs 1\d\.\d MB more.*uses \d\.\d MB\. Free disk space/);
  expect(await transfer(page)).toMatchObject({ phase: 'stopped' });

  lab.state.seedRequests = 0;
  await page.evaluate(() => {
    navigator.storage.estimate = async () => ({ usage: 4_000_000, quota: 6_000_000 });
  });
  const before = await obtain(page);
  expect(before.error?.code).toBe('storage-full');
  expect(before.error?.message).toMatch(/uses 4\.0 MB of 6\.0 MB\. Free disk space/);
  expect(lab.state.seedRequests).toBe(0);

  await devtools.send('Storage.overrideQuotaForOrigin', { origin });
  await page.evaluate(() => Reflect.deleteProperty(navigator.storage, 'estimate'));
  expect(await obtain(page)).not.toHaveProperty('error');
});

test('a removed shard is gone, and can be fetched again', async ({ browser }) => {
  const page = await openSeed(browser);
  await page.evaluate(() => window.lab.store.remove(window.lab.shard));
  expect(await page.evaluate(() => window.lab.store.isComplete(window.lab.shard))).toBe(false);
  expect(await page.evaluate(() => window.lab.store.seeded())).toEqual([]);
  expect(await obtain(page)).not.toHaveProperty('error');
});

test('tabs find each other at once when the tracker is back', async ({ browser }) => {
  const seed = await openSeed(browser);
  lab.setTracker(false);
  const page = await openTab(browser);
  const done = page.evaluate(() => window.lab.obtain());
  await page.waitForTimeout(1500);
  lab.setTracker(true);
  for (const tab of [seed, page]) await tab.evaluate(() => window.lab.store.announce());
  const backAtMs = Date.now();
  expect(await done).not.toHaveProperty('error');
  // webtorrent alone waits for 10 s and up to five minutes more.
  expect(Date.now() - backAtMs).toBeLessThan(9000);
});

test('a tab that crashes in the middle costs others seconds', async ({ browser }) => {
  const seed = await openSeed(browser);
  await openSeed(browser);
  const page = await openTab(browser);
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

test('a closed store leaves nothing behind that talks', async ({ browser }) => {
  const page = await openTimedTab(browser, 'good');
  expect(await obtain(page)).not.toHaveProperty('error');
  lab.setTracker(false);
  await page.waitForTimeout(500);
  const sockets: string[] = [];
  page.on('websocket', (socket) => sockets.push(socket.url()));
  await page.evaluate(() => window.lab.store.close());
  expect(await transfer(page)).toMatchObject({ phase: 'stopped', peers: 0 });
  lab.setTracker(true);
  await page.clock.fastForward(10 * 60_000);
  await page.waitForTimeout(500);
  expect(sockets).toEqual([]);
});

test('a header that nobody has is missed in the end', async ({ browser }) => {
  const page = await openTimedTab(browser);
  const done = page.evaluate(() => window.lab.obtainHeader());
  await page.waitForFunction(() => window.lab.transfer()?.phase === 'downloading');
  await page.waitForTimeout(500);
  await page.clock.fastForward(50_000);
  expect((await done).error).toMatchObject({ code: 'shard-missing' });
});

test('a page that is never idle, as hidden ones are, fetches all the same', async ({ browser }) => {
  await openSeed(browser);
  const page = await (await browser.newContext()).newPage();
  await page.addInitScript(() => {
    window.requestIdleCallback = () => 0;
  });
  await goTo(page);
  expect(await obtain(page)).not.toHaveProperty('error');
});

test('a file is imported, and seeded to tabs that have neither server nor torrent', async ({ browser }) => {
  lab.state.torrentServed = false;
  const page = await openTab(browser);
  const wrong = await page.evaluate(() => window.lab.importShard('flipped'));
  expect(wrong.error).toMatchObject({ code: 'hash-mismatch' });
  expect(await transfer(page)).toMatchObject({ storedBytes: 0, verified: false });
  expect(await page.evaluate(() => window.lab.importShard('good'))).not.toHaveProperty('error');
  expect(await transfer(page)).toMatchObject({ storedBytes: SIZE_BYTES, verified: true });
  expect(await obtain(page)).not.toHaveProperty('error');
  expect((await page.evaluate(() => window.lab.events)).map(({ phase }) => phase)).not.toContain('downloading');
  const other = await openTab(browser);
  expect(await obtain(other)).not.toHaveProperty('error');
});
