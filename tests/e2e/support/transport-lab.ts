import type { Browser, Page } from '@playwright/test';
import { createServer, type ViteDevServer } from 'vite';
import { presenceTopic, shardRecordKey } from '../../../src/protocol/directory.ts';
import { relayMultiaddr } from '../../../src/protocol/server-config.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import type { LabFacts } from '../pages/transport.ts';

/** A tab with an open transport. */
export interface TransportTab {
  readonly page: Page;
  readonly peerId: string;
}

/** A signaling server, and pages from source that reach each other through it. */
export class TransportLab {
  readonly #pages: ViteDevServer;
  readonly #pageUrl: string;
  /** Of the pages. */
  readonly origin: string;
  server: TestServer;
  readonly facts: LabFacts;

  private constructor(pages: ViteDevServer, pageUrl: string, server: TestServer) {
    this.#pages = pages;
    this.#pageUrl = pageUrl;
    this.origin = new URL(pageUrl).origin;
    this.server = server;
    const { manifest, manifestId } = server.model;
    const { infoHash, fileName, sizeBytes } = manifest.shards[0]!;
    this.facts = {
      relay: relayMultiaddr(server, server.url),
      strangerId: '12D3KooWGC6TvWhfajpX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5Q',
      topic: presenceTopic(manifestId),
      key: shardRecordKey(manifestId, 0),
      value: JSON.stringify({ infoHash, fileName, sizeBytes }),
      unusedKey: shardRecordKey(manifestId, 1),
    };
  }

  static async start(): Promise<TransportLab> {
    const pages = await createServer({
      cacheDir: '.cache/vite-transport',
      logLevel: 'error',
      server: { host: '127.0.0.1', port: 0, hmr: false, watch: null },
      optimizeDeps: { entries: ['tests/e2e/pages/transport.html'] },
    });
    await pages.listen();
    const address = pages.httpServer!.address();
    if (!address || typeof address === 'string') throw new Error('The page server has no port.');
    const origin = `http://127.0.0.1:${address.port}`;
    const server = await startTestServer({ allowedOrigins: [origin] });
    return new TransportLab(pages, `${origin}/tests/e2e/pages/transport.html`, server);
  }

  /** A page in a browser context of its own: nothing is shared with others but the network. */
  async openPage(browser: Browser): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    page.on('pageerror', (error) => console.log(`page error: ${error.stack}`));
    await page.goto(this.#pageUrl);
    await page.waitForFunction(() => window.tab);
    return page;
  }

  async openTab(browser: Browser): Promise<TransportTab> {
    const page = await this.openPage(browser);
    const peerId = await page.evaluate((relay) => window.tab.open({ relay, iceServers: [] }), this.facts.relay);
    return { page, peerId };
  }

  openTabs(browser: Browser, count: number): Promise<TransportTab[]> {
    return Promise.all(Array.from({ length: count }, () => this.openTab(browser)));
  }

  async close(): Promise<void> {
    await this.server.stop();
    await this.#pages.close();
  }
}
