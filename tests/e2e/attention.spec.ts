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

test('a long answer that is done in the background is told in a notice, where that is wanted', async ({ browser }) => {
  const server = await startTinyServer([], { type: 'Q4_1', contextLength: 1024 });
  const { page, context } = await openTab(browser, server.url, async (opened) => {
    await withSettings({ notify: true, maxTokens: 600, temperature: 2 })(opened);
    await opened.addInitScript(() => {
      const notices: string[] = [];
      const now = performance.now.bind(performance);
      let passedMs = 0;
      performance.now = () => now() + passedMs;
      Object.assign(window, { notices, pass: (ms: number) => (passedMs += ms) });
      // A browser without a window shows none.
      Object.assign(window, {
        Notification: class {
          static readonly permission = 'granted';
          constructor(title: string) {
            notices.push(title);
          }
        },
      });
    });
  });
  await page.getByTestId('run-all').click();
  await expectSwarmReady(page);
  const ask = async (seconds: number) => {
    await page.evaluate(hide, true);
    await expect(page).toHaveTitle('Serving · Shoal');
    // As soon as it begins: an answer of the tiny model may take no time.
    await page.evaluate((ms) => {
      const begun = new MutationObserver(() => {
        if (!document.querySelector('[data-testid=message][data-state=streaming]')) return;
        begun.disconnect();
        (window as unknown as { pass: (ms: number) => void }).pass(ms);
      });
      begun.observe(document.body, { childList: true, subtree: true, attributes: true });
    }, seconds * 1000);
    await page.getByTestId('prompt').fill('Hello');
    await page.getByTestId('prompt').press('Enter');
    await expect(page).toHaveTitle('✓ Answered · Shoal', { timeout: 60_000 });
    await page.evaluate(hide, false);
  };
  await ask(0);
  expect(await page.evaluate('window.notices')).toEqual([]);
  await ask(11);
  await expect.poll(() => page.evaluate('window.notices')).toEqual(['The answer is there']);
  await context.close();
  await server.stop();
});
