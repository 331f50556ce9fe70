import { readFile } from 'node:fs/promises';
import { expect, test } from '@playwright/test';
import { expectSwarmReady, openTab, withSettings } from './support/tab.ts';
import { startTinyServer } from './support/tiny-server.ts';

// What a tab does while nobody looks at it, and what it gives away to look at.

/** Playwright keeps pages visible: they are told that they are hidden. */
function hide(hidden: boolean): void {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}

test('a hidden tab says in its title that it serves and has answered, and its screen stays on', async ({ browser }) => {
  const server = await startTinyServer();
  const tab = await openTab(browser, server.url, async (context) => {
    await withSettings({ stayAwake: true, maxTokens: 8 })(context);
    await context.addInitScript(() => {
      const locks: string[] = [];
      Object.assign(window, { locks });
      Object.defineProperty(navigator, 'wakeLock', {
        value: {
          request: async (kind: string) => {
            locks.push(kind);
            return { release: async () => void locks.push('released') };
          },
        },
      });
    });
  });
  const { page } = tab;
  await page.getByTestId('run-all').click();
  await expectSwarmReady(page);
  // The code for it comes when the first screen has settled.
  await expect.poll(() => page.evaluate('window.locks')).toEqual(['screen']);
  expect(await page.title()).toBe('Shoal');
  await page.evaluate(hide, true);
  await expect(page).toHaveTitle('Serving · Shoal');
  expect(await page.evaluate('window.locks')).toEqual(['screen', 'released']);
  await page.getByTestId('prompt').fill('Hello');
  await page.getByTestId('send').click();
  await expect(page).toHaveTitle('✓ Answered · Shoal', { timeout: 60_000 });
  await page.evaluate(hide, false);
  await expect(page).toHaveTitle('Shoal');
  // Where its time went, for Perfetto.
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('trace').click()]);
  expect(download.suggestedFilename()).toBe('shoal-trace.json');
  const { traceEvents } = JSON.parse(await readFile(await download.path(), 'utf8')) as {
    traceEvents: { name: string }[];
  };
  expect(traceEvents.filter(({ name }) => name === 'compute').length).toBeGreaterThan(0);
  await tab.context.close();
  await server.stop();
});
