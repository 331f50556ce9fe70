import type { Tab } from './tab.ts';

/** Ends the tab's process, as when the browser kills it. DevTools' own answer never comes. */
export async function crash(tab: Tab): Promise<void> {
  const devtools = await tab.context.newCDPSession(tab.page);
  const sent = devtools.send('Page.crash').catch(() => undefined);
  await Promise.race([sent, new Promise((resolve) => setTimeout(resolve, 500))]);
}

/** Leaves by the button, and closes once the tab is a guest again. */
export async function leave({ page, context }: Tab): Promise<void> {
  await page.getByTestId('leave').click();
  await page.getByTestId('join').waitFor({ timeout: 30_000 });
  await context.close();
}

/** Whatever the tab's workers are at, they do not come back from it; its page goes on. */
export async function hangWorkers({ page }: Tab): Promise<void> {
  for (const worker of page.workers()) {
    // What never returns is not waited for.
    worker
      .evaluate(() => {
        for (;;);
      })
      .catch(() => undefined);
  }
}
