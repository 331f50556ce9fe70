import type { Browser, Page } from 'playwright';
import { type Invite, inviteLink } from '../src/app/invite.ts';
import { ShoalError } from '../src/core/errors.ts';
import { PRESENCE_INTERVAL_MS } from '../src/protocol/limits.ts';
import { type Check, check } from '../src/swarm/verify.ts';
import { launchBrowser } from './browser.ts';
import { securePage } from './secure-page.ts';
import { newTab, TAB_FLAGS, waitUntilWhole } from './swarm-tab.ts';

export interface TabOptions {
  readonly server: URL;
  readonly invite: Invite;
  /** How long the swarm may take to be whole, as the tab sees it. */
  readonly timeoutMs: number;
  /** Of the model, where several swarms are checked. */
  readonly name?: string;
  /** Whether it is in order that nobody serves: then there is nothing to ask. */
  readonly mayBeEmpty?: boolean;
}

/** A software adapter may take minutes over the prompt; nobody waits longer. */
const VERIFY_TIMEOUT_MS = 240_000;

/** A swarm that nobody has spoken in for so long, after this tab reached the server, is empty. */
const EMPTY_MS = 3 * PRESENCE_INTERVAL_MS;

/** Opens a guest's tab and runs there what the page's own "Verify" runs. */
export async function* checkFromTab(options: TabOptions): AsyncGenerator<Check, void> {
  const { server, invite, timeoutMs, name, mayBeEmpty = false } = options;
  const label = (text: string) => (name === undefined ? text : `${name}: ${text}`);
  let browser: Browser | undefined;
  let page: Page | undefined;
  let empty = false;
  try {
    yield await check(label('A new tab sees the swarm'), async () => {
      const { url, flags } = securePage(server);
      browser = await launchBrowser([...TAB_FLAGS, ...flags]);
      page = await newTab(browser);
      await page.goto(inviteLink(url, invite));
      empty = mayBeEmpty && !(await hasNodes(page, timeoutMs));
      return empty ? 'nobody serves it, so nothing is asked' : waitUntilWhole(page, timeoutMs);
    });
    if (!page || empty) return;
    // Whoever has not been heard yet speaks within one interval; a hidden page is late by one.
    await page.waitForTimeout(2 * PRESENCE_INTERVAL_MS);
    for (const each of await verifyInside(page)) yield { ...each, name: label(each.name) };
  } finally {
    await browser?.close();
  }
}

/** Whether anybody serves, once everybody who does has had the time to say so. */
async function hasNodes(page: Page, timeoutMs: number): Promise<boolean> {
  await page.getByTestId('swarm').waitFor({ state: 'attached', timeout: timeoutMs });
  await page.waitForFunction(() => window.shoal.peerId !== '', undefined, { timeout: timeoutMs });
  const nodes = page.locator('[data-testid=swarm]:not([data-nodes="0"])');
  return nodes.waitFor({ state: 'attached', timeout: EMPTY_MS }).then(
    () => true,
    () => false,
  );
}

async function verifyInside(page: Page): Promise<readonly Check[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new ShoalError('timeout', `The tab was not done within ${VERIFY_TIMEOUT_MS / 1000} s.`)),
      VERIFY_TIMEOUT_MS,
    );
  });
  try {
    return await Promise.race([page.evaluate(() => window.shoal.verify()), late]);
  } catch (error) {
    const { message } = ShoalError.from(error);
    return [{ name: 'Verification in the tab', passed: false, detail: message.split('\n')[0]! }];
  } finally {
    clearTimeout(timer);
  }
}
