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
}

/** A software adapter may take minutes over the prompt; nobody waits longer. */
const VERIFY_TIMEOUT_MS = 240_000;

/** Opens a guest's tab and runs there what the page's own "Verify" runs. */
export async function* checkFromTab(options: TabOptions): AsyncGenerator<Check, void> {
  const { server, invite, timeoutMs } = options;
  let browser: Browser | undefined;
  let page: Page | undefined;
  try {
    yield await check('A new tab sees the swarm', async () => {
      const { url, flags } = securePage(server);
      browser = await launchBrowser([...TAB_FLAGS, ...flags]);
      page = await newTab(browser);
      await page.goto(inviteLink(url, invite));
      return waitUntilWhole(page, timeoutMs);
    });
    if (!page) return;
    // Whoever has not been heard yet speaks within one interval; a hidden page is late by one.
    await page.waitForTimeout(2 * PRESENCE_INTERVAL_MS);
    yield* await verifyInside(page);
  } finally {
    await browser?.close();
  }
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
