import { expect, type Page, test } from '@playwright/test';
import { startPathProxy } from './support/path-proxy.ts';
import { expectSwarmReady, openTab, withSettings } from './support/tab.ts';
import { startTinyServer } from './support/tiny-server.ts';

test.use({ serviceWorkers: 'allow' });

// Another build is told, and taken when nobody notices.

/** Playwright keeps pages visible: they are told that they are hidden. */
function hide(): void {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
  document.dispatchEvent(new Event('visibilitychange'));
}

/** The file that the page began with. */
const entryOf = (page: Page) =>
  page.evaluate(() => document.querySelector<HTMLScriptElement>('script[type=module]')!.src.split('/').at(-1)!);

test('a new build is told, and taken in the background, but not from under what is typed', async ({ browser }) => {
  test.setTimeout(400_000);
  const proxy = await startPathProxy(false);
  const server = await startTinyServer();
  proxy.target(server.url);
  const { page, context } = await openTab(browser, proxy.url, withSettings({ maxTokens: 8 }));
  await page.getByTestId('run-all').click();
  await expectSwarmReady(page);
  await page.getByTestId('prompt').fill('Hello');
  await page.getByTestId('send').click();
  const answer = page.locator('[data-testid=message][data-role=assistant]').last();
  await expect(answer).toHaveAttribute('data-state', 'done', { timeout: 60_000 });
  const text = await answer.getByTestId('message-text').textContent();
  const [old, fresh] = [await entryOf(page), 'index-renewed0.js'];
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  proxy.rename(old, fresh);
  await page.evaluate(async () => void (await (await navigator.serviceWorker.getRegistration())!.update()));
  await expect(page.getByTestId('notice')).toContainText('new version of this page', { timeout: 60_000 });

  await page.getByTestId('prompt').fill('Not sent yet');
  await page.evaluate(hide);
  await page.waitForTimeout(40_000);
  expect(await entryOf(page)).toBe(old);
  await expect(page.getByTestId('prompt')).toHaveValue('Not sent yet');
  await page.getByTestId('prompt').fill('');
  await expect.poll(() => entryOf(page).catch(() => old), { timeout: 120_000 }).toBe(fresh);
  await expectSwarmReady(page);
  await expect(answer.getByTestId('message-text')).toHaveText(text!);
  await context.close();
  await server.stop();
  proxy.close();
});
