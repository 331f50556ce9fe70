import { type Browser, expect, type Page, test } from '@playwright/test';
import { type SeedName, type StoreLabServer, startStoreLab } from './store-lab.ts';

/** Tabs of the store lab for the tests of one file. */
export interface StoreTabs {
  /** The lab's server. */
  readonly lab: StoreLabServer;
  /** A tab in a browser context of its own, and so with a storage of its own. */
  openTab(browser: Browser, seed?: SeedName, parameters?: Readonly<Record<string, string>>): Promise<Page>;
  /** A tab whose clock the test can set forward. */
  openTimedTab(browser: Browser, seed?: SeedName, parameters?: Readonly<Record<string, string>>): Promise<Page>;
  /** Opens the lab's page in a tab that the test has prepared. */
  goTo(page: Page, seed?: SeedName, parameters?: Readonly<Record<string, string>>): Promise<void>;
  /** A tab that has the shard and seeds it. */
  openSeed(browser: Browser): Promise<Page>;
}

export const SIZE_BYTES = 20_000_000;
/** What a transfer may move in all: handshakes and messages beside the file, and blocks that two sources sent. */
export const MOST_RECEIVED = SIZE_BYTES * 1.1;

export const obtain = (page: Page) => page.evaluate(() => window.lab.obtain());
export const transfer = (page: Page) => page.evaluate(() => window.lab.transfer());

/** Serves the store lab while the tests of the calling file run, as new for each; no page of theirs may have an error. */
export function useStoreTabs(): StoreTabs {
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

  const goTo: StoreTabs['goTo'] = async (page, seed, parameters) => {
    page.on('pageerror', (error) => pageErrors.push(error.stack ?? error.message));
    await page.goto(lab.pageUrl(seed, parameters));
    await page.waitForFunction('window.lab');
  };
  const openTab: StoreTabs['openTab'] = async (browser, seed, parameters) => {
    const page = await (await browser.newContext()).newPage();
    await goTo(page, seed, parameters);
    return page;
  };
  return {
    get lab() {
      return lab;
    },
    goTo,
    openTab,
    openTimedTab: async (browser, seed, parameters) => {
      const page = await (await browser.newContext()).newPage();
      await page.clock.install();
      await goTo(page, seed, parameters);
      return page;
    },
    openSeed: async (browser) => {
      const page = await openTab(browser, 'good');
      expect(await obtain(page)).not.toHaveProperty('error');
      return page;
    },
  };
}
