import type { Browser, BrowserContext, Page } from 'playwright';
import type { Settings } from '../../src/app/app-model.ts';
import { joinWith, openTab, type Tab } from '../../tests/e2e/support/tab.ts';

/** What a timed tab's layers run on, whether it has others' work checked, and how the page's conversations are answered. */
export type TabSettings = Partial<Pick<Settings, 'runner' | 'threads' | 'checkOthers' | 'maxTokens' | 'temperature'>>;

/** Opens the tabs that are measured. */
export class BenchTabs {
  readonly #browser: Browser;
  readonly url: string;
  readonly #settings: string;

  constructor(browser: Browser, url: string, settings: TabSettings) {
    this.#browser = browser;
    this.url = url;
    // A timed tab does only what it is asked: it fetches no other shard in the background.
    this.#settings = JSON.stringify({ spreadModel: false, ...settings });
  }

  /** Gives a browser context the settings of a timed tab. */
  readonly prepare = (context: BrowserContext): Promise<unknown> =>
    context.addInitScript((settings) => {
      if (location.protocol !== 'about:') localStorage.setItem('shoal-settings', settings);
    }, this.#settings);

  /**
   * A connected tab in a browser context of its own. `blockServer` keeps it from fetching shards from anyone but other
   * tabs.
   */
  async open({ blockServer = false } = {}): Promise<Tab> {
    const tab = await openTab(this.#browser, this.url, async (context) => {
      await this.prepare(context);
      if (blockServer) await context.route(/shard-\d+\.gguf/, (route) => route.abort());
    });
    // Once it is connected, so that connecting is no part of what is timed next.
    await tab.page.waitForFunction(() => window.shoal?.peerId);
    return tab;
  }

  /** A tab that serves these shards. */
  async openNode(shards: readonly number[]): Promise<Tab> {
    const tab = await this.open();
    await joinWith(tab, shards);
    return tab;
  }
}

/** Waits until every one of these shards serves in this tab. */
export async function waitUntilReady(page: Page, shards: readonly number[]): Promise<void> {
  for (const shard of shards)
    await page.locator(`[data-testid=shard-${shard}][data-state=ready]`).waitFor({ state: 'attached', timeout: 0 });
}
