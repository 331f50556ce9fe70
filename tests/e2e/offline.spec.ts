import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { ask } from './support/asking.ts';
import { expectShardState, expectSwarmReady, openPage } from './support/tab.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

test.use({ serviceWorkers: 'allow' });

// The server is away, and the page is opened all the same: a service worker keeps it.

let server: TinyServer;
let context: BrowserContext;

test.beforeEach(async ({ browser }) => {
  server = await startTinyServer();
  context = await browser.newContext();
});

test.afterEach(async () => {
  await context.close();
  await server.stop();
});

/** Waits until the page would open without its server. */
async function untilKept(page: Page): Promise<void> {
  await page.evaluate(() =>
    navigator.serviceWorker.ready.then(({ active }) => {
      if (active?.state === 'activated') return undefined;
      return new Promise<void>((resolve) => active?.addEventListener('statechange', () => resolve(), { once: true }));
    }),
  );
}

test('a lone tab opens again, says that the server is away, and answers as before', async () => {
  const tab = await openPage(context, server.url);
  await tab.page.getByTestId('run-all').click();
  for (const shard of [0, 1, 2, 3]) await expectShardState(tab.page, shard, 'ready');
  await expectSwarmReady(tab.page);
  const answer = await ask(tab);
  expect(answer).not.toMatch(/^error/);
  await untilKept(tab.page);
  await server.kill();
  await tab.page.reload();
  await expectSwarmReady(tab.page);
  await expect(tab.page.getByTestId('swarm')).toContainText('server away: nobody new can join');
  expect(await tab.page.evaluate(() => crossOriginIsolated)).toBe(true);
  expect(await ask(tab)).toBe(answer);
  const kept = await tab.page.evaluate(async () => {
    const caching = (await caches.keys()).map(async (name) =>
      (await (await caches.open(name)).keys()).map(({ url }) => url),
    );
    return (await Promise.all(caching)).flat().map((url) => new URL(url).pathname);
  });
  expect(kept.filter((path) => /^\/models\//.test(path))).toEqual(['/models/tiny/manifest.json']);
});

test('a server that is back is asked first: for another model on the same port', async () => {
  const { page } = await openPage(context, server.url);
  await untilKept(page);
  const { port } = new URL(server.url);
  await server.stop();
  server = await startTinyServer(['--port', port], { type: 'Q8_0', layerCount: 6 });
  const { models } = (await (await fetch(`${server.url}/config.json`)).json()) as { models: { manifest: string }[] };
  await page.reload();
  await expect(page.getByTestId('invite-link')).toContainText(models[0]!.manifest);
});

test('the page can be installed: its icons, screenshots and shortcuts are there', async () => {
  const { page } = await openPage(context, server.url);
  const href = await page.locator('link[rel=manifest]').getAttribute('href');
  const address = new URL(href!, page.url());
  const manifest = await (await page.request.get(address.href)).json();
  expect(manifest).toMatchObject({ name: 'Shoal', display: 'standalone', start_url: './', icons: expect.anything() });
  const icons = [...manifest.icons, ...manifest.shortcuts.flatMap(({ icons }: { icons: unknown[] }) => icons)];
  expect(icons.map(({ sizes }) => sizes)).toEqual(expect.arrayContaining(['192x192', '512x512']));
  expect(manifest.icons.some(({ purpose }: { purpose?: string }) => purpose === 'maskable')).toBe(true);
  expect(manifest.screenshots.map(({ form_factor }: { form_factor: string }) => form_factor).sort()).toEqual([
    'narrow',
    'wide',
  ]);
  for (const { src, sizes } of [...icons, ...manifest.screenshots]) {
    const size = await page.evaluate(
      (url) =>
        new Promise<string>((resolve) => {
          const image = new Image();
          image.onload = () => resolve(`${image.naturalWidth}x${image.naturalHeight}`);
          image.onerror = () => resolve('nothing');
          image.src = url;
        }),
      new URL(src, address).href,
    );
    expect(sizes === 'any' ? size !== 'nothing' : size, src).toEqual(sizes === 'any' ? true : sizes);
  }
  await untilKept(page);
});
