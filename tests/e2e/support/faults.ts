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
