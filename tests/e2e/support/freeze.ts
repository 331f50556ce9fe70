import type { Page } from '@playwright/test';

/**
 * Stops a page's JavaScript until the returned function is called, as a sleeping laptop does: the page waits for an
 * answer that does not come. DevTools' `Page.setWebLifecycleState` has no effect on a page that counts as visible.
 */
export async function freeze(page: Page): Promise<() => Promise<void>> {
  const url = new URL('/frozen', page.url()).href;
  const { promise: thawed, resolve: thaw } = Promise.withResolvers<void>();
  await page.route(url, async (route) => {
    await thawed;
    await route.fulfill({ body: '' });
  });
  // The page does not answer while it waits.
  const asleep = page
    .evaluate((url) => {
      const request = new XMLHttpRequest();
      request.open('GET', url, false);
      request.send();
    }, url)
    .catch(() => undefined);
  return async () => {
    thaw();
    await asleep;
    await page.unroute(url);
  };
}
