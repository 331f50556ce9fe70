import type { Browser, Page } from 'playwright';
import { joinWith, openTab, type Tab } from '../../tests/e2e/support/tab.ts';

/** A timed tab does only what it is asked: it fetches no other shard in the background. */
const SETTINGS = JSON.stringify({ spreadModel: false });

/** A connected tab in a browser context of its own. `blockServer` keeps it from fetching shards from anyone but other tabs. */
export async function openBenchTab(browser: Browser, url: string, { blockServer = false } = {}): Promise<Tab> {
  const tab = await openTab(browser, url, async (context) => {
    await context.addInitScript((settings) => {
      if (location.protocol !== 'about:') localStorage.setItem('shoal-settings', settings);
    }, SETTINGS);
    if (blockServer) await context.route(/shard-\d+\.gguf/, (route) => route.abort());
  });
  // Once it is connected, so that connecting is no part of what is timed next.
  await tab.page.waitForFunction(() => window.shoal?.peerId);
  return tab;
}

/** A tab that serves these shards. */
export async function openNode(browser: Browser, url: string, shards: readonly number[]): Promise<Tab> {
  const tab = await openBenchTab(browser, url);
  await joinWith(tab, shards);
  return tab;
}

/** Waits until every one of these shards serves in this tab. */
export async function waitUntilReady(page: Page, shards: readonly number[]): Promise<void> {
  for (const shard of shards)
    await page.locator(`[data-testid=shard-${shard}][data-state=ready]`).waitFor({ state: 'attached', timeout: 0 });
}
