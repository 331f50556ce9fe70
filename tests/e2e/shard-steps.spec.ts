import { expect, test } from '@playwright/test';
import { expectShardState, joinWith, openTab } from './support/tab.ts';
import { startTinyServer } from './support/tiny-server.ts';

test('the page shows each step of a shard as it is taken, however short', async ({ browser }) => {
  const server = await startTinyServer();
  try {
    const tab = await openTab(browser, server.url);
    await expectShardState(tab.page, 1, 'absent');
    const steps = tab.page.evaluate(() => {
      const row = document.querySelector<HTMLElement>('[data-testid=shard-1]')!;
      const seen: (string | undefined)[] = [];
      const { promise, resolve } = Promise.withResolvers<typeof seen>();
      new MutationObserver(() => {
        seen.push(row.dataset.state);
        if (row.dataset.state === 'ready') resolve(seen);
      }).observe(row, { attributeFilter: ['data-state'] });
      return promise;
    });
    await joinWith(tab, [1]);
    expect(await steps).toEqual(['downloading', 'verifying', 'loading', 'ready']);
    await tab.context.close();
  } finally {
    await server.stop();
  }
});
