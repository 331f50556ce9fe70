import type { Browser, Page } from 'playwright';
import { ShoalError } from '../src/core/errors.ts';

/** Names in place of addresses are resolved by multicast, which containers and many networks lack. */
export const TAB_FLAGS = ['--disable-features=WebRtcHideLocalIpsWithMdns'];

/** An empty tab, which accepts a certificate of the server's own making, as `serve --https` makes one. */
export async function newTab(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  return context.newPage();
}

/**
 * Waits until every layer is served, as the tab sees it.
 * @param timeoutMs - 0 for ever
 * @returns the tab's view of the swarm, in words
 * @throws ShoalError `timeout` with the page's alerts
 */
export async function waitUntilWhole(page: Page, timeoutMs: number): Promise<string> {
  const swarm = page.getByTestId('swarm');
  try {
    await page.locator('[data-testid=swarm][data-state=ready]').waitFor({ state: 'attached', timeout: timeoutMs });
  } catch {
    const state = (await swarm.count()) > 0 ? await swarm.getAttribute('data-state') : 'not there';
    const alerts = (await page.getByTestId('alert').allInnerTexts()).map((text) => ` ${text.trim()}`).join('');
    throw new ShoalError('timeout', `After ${timeoutMs / 1000} s the swarm is still ${state}.${alerts}`);
  }
  return `every layer is served, ${await swarm.getAttribute('data-nodes')} node(s)`;
}
