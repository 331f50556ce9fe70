import { type Browser, type BrowserContext, expect, type Page } from '@playwright/test';
import type { Settings } from '../../../src/app/app-model.ts';

/** One tab in a browser context of its own: nothing is shared with others but the network. */
export interface Tab {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Lines of the page's console. */
  readonly console: readonly string[];
  /** Addresses of requests that have not ended. */
  readonly unanswered: ReadonlySet<string>;
}

/** Joining means a download, a hash and a load; on a software adapter beside others it takes a while. */
const JOIN_TIMEOUT_MS = 90_000;

/** A tab that keeps to the shards that it is given, unless `prepare` says otherwise. */
export async function openTab(
  browser: Browser,
  url: string,
  prepare?: (context: BrowserContext) => Promise<unknown>,
): Promise<Tab> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  await context.addInitScript(storeSettings, { text: textOf({}), anew: false });
  await prepare?.(context);
  return openPage(context, url);
}

/** For `openTab`: the tab's settings, as the page keeps them. */
export function withSettings(settings: Partial<Settings>): (context: BrowserContext) => Promise<unknown> {
  return (context) => context.addInitScript(storeSettings, { text: textOf(settings), anew: true });
}

/** A tab that spreads the model fetches every shard, over a connection to each other tab for each: most tests need none. */
function textOf(settings: Partial<Settings>): string {
  return JSON.stringify({ spreadModel: false, ...settings });
}

/** In the page. @param anew - whether what a person has set since is set back */
function storeSettings({ text, anew }: { readonly text: string; readonly anew: boolean }): void {
  if (location.protocol === 'about:' || (!anew && localStorage.getItem('shoal-settings') !== null)) return;
  localStorage.setItem('shoal-settings', text);
}

/** Another tab of the same browser context: it shares the storage. */
export async function openPage(context: BrowserContext, url: string): Promise<Tab> {
  const tab = watchPage(await context.newPage());
  await tab.page.goto(url);
  return tab;
}

/** By page, for what a test says that waits in vain. */
const watched = new WeakMap<Page, Tab>();

/** A tab of a page that has not gone anywhere yet. */
export function watchPage(page: Page): Tab {
  const lines: string[] = [];
  page.on('console', (message) => lines.push(message.text()));
  page.on('pageerror', (error) => lines.push(`page error: ${error.message}`));
  const unanswered = new Set<string>();
  page.on('request', (request) => unanswered.add(request.url()));
  page.on('requestfinished', (request) => unanswered.delete(request.url()));
  page.on('requestfailed', (request) => {
    unanswered.delete(request.url());
    lines.push(`request failed: ${request.url()} ${request.failure()?.errorText}`);
  });
  const tab = { page, context: page.context(), console: lines, unanswered };
  watched.set(page, tab);
  return tab;
}

/** For the message of a test that waits in vain for the page. */
async function stateOf({ page, console: lines, unanswered }: Tab): Promise<string> {
  const look = page.evaluate(() => `${document.readyState}, ${document.visibilityState}: ${document.body.textContent}`);
  const slow = new Promise<string>((resolve) => setTimeout(() => resolve('it does not say'), 5000));
  const shown = await Promise.race([look.catch(String), slow]);
  return [`The page is ${shown}`, `Unanswered: ${[...unanswered].join(' ')}`, ...lines.slice(-20)].join('\n');
}

/** Picks these shards, joins, and waits until they serve. */
export async function joinWith(tab: Tab, shards: readonly number[]): Promise<void> {
  const { page } = tab;
  for (const shard of shards) {
    const picked = page.getByTestId(`shard-${shard}-pick`).check({ timeout: JOIN_TIMEOUT_MS });
    await picked.catch(async (error: Error) => {
      throw new Error(`${error.message}\n${await stateOf(tab)}`, { cause: error });
    });
  }
  await page.getByTestId('join').click();
  for (const shard of shards) await expectShardState(page, shard, 'ready');
}

export function expectShardState(page: Page, shard: number, state: string): Promise<void> {
  return expectState(page, `shard-${shard}`, state, JOIN_TIMEOUT_MS);
}

/** In vain it says what the page shows of it, or of itself. */
async function expectState(page: Page, testId: string, state: string, timeout: number): Promise<void> {
  const part = page.getByTestId(testId);
  await expect(part)
    .toHaveAttribute('data-state', state, { timeout })
    .catch(async (error: Error) => {
      const tab = watched.get(page);
      const said = await part.textContent({ timeout: 1000 }).catch(() => tab && stateOf(tab));
      throw new Error(`${error.message}\nThe page says: ${said}`, { cause: error });
    });
}

/** Waits until the tab sees every layer covered. */
export function expectSwarmReady(page: Page): Promise<void> {
  return expectState(page, 'swarm', 'ready', 60_000);
}
