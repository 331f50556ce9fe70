import { type Browser, expect, type Page, test } from '@playwright/test';
import { createServer, type ViteDevServer } from 'vite';
import { presenceTopic, shardRecordKey } from '../../src/protocol/directory.ts';
import { relayMultiaddr, type ServerConfig } from '../../src/protocol/server-config.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';
import { TRANSPORT_CONTRACT } from '../swarm/transport-contract.ts';
import type { LabFacts } from './pages/transport.ts';

// libp2p as tabs use it: real WebRTC between real tabs, introduced by a real signaling server.

let pages: ViteDevServer;
let server: TestServer;
let facts: LabFacts;

test.beforeAll(async () => {
  pages = await createServer({
    cacheDir: '.cache/vite-transport',
    logLevel: 'error',
    server: { host: '127.0.0.1', port: 0, hmr: false, watch: null },
    optimizeDeps: { entries: ['tests/e2e/pages/transport.html'] },
  });
  await pages.listen();
  server = await startTestServer();
  const { relay } = (await (await fetch(`${server.url}/config.json`)).json()) as ServerConfig;
  const { manifest, manifestId } = server.model;
  const { infoHash, fileName, sizeBytes } = manifest.shards[0]!;
  facts = {
    relay: relayMultiaddr(relay, server.url),
    strangerId: '12D3KooWGC6TvWhfajpX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5Q',
    topic: presenceTopic(manifestId),
    key: shardRecordKey(manifestId, 0),
    value: JSON.stringify({ infoHash, fileName, sizeBytes }),
    unusedKey: shardRecordKey(manifestId, 1),
  };
});

test.afterAll(async () => {
  await server?.stop();
  await pages?.close();
});

/** A tab in a browser context of its own. */
async function openPage(browser: Browser): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  page.on('pageerror', (error) => console.log(`page error: ${error.stack}`));
  const address = pages.httpServer!.address();
  if (!address || typeof address === 'string') throw new Error('The page server has no port.');
  await page.goto(`http://127.0.0.1:${address.port}/tests/e2e/pages/transport.html`);
  await page.waitForFunction(() => window.tab);
  return page;
}

async function openTab(browser: Browser): Promise<{ page: Page; peerId: string }> {
  const page = await openPage(browser);
  const peerId = await page.evaluate((relay) => window.tab.open({ relay, iceServers: [] }), facts.relay);
  return { page, peerId };
}

test.describe('the contract, members in one tab', () => {
  let page: Page;
  test.beforeAll(async ({ browser }) => {
    page = await openPage(browser);
  });
  test.afterAll(() => page.context().close());
  for (const { name } of TRANSPORT_CONTRACT) {
    test(name, () => page.evaluate(([name, facts]) => window.tab.runCase(name, facts), [name, facts] as const));
  }
});
