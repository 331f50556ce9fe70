import { expect, test } from '@playwright/test';
import { expectShardState, openTab } from './support/tab.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

let server: TinyServer;
test.beforeAll(async () => {
  server = await startTinyServer();
});
test.afterAll(() => server.stop());

test('a file of the page that does not come is told, and a reload brings it', async ({ browser }) => {
  const tab = await openTab(browser, server.url);
  const { page, context } = tab;
  let lost = 0;
  await context.route('**/assets/open-exchange-*.js', (route) => (lost++ === 0 ? route.abort() : route.continue()));
  await page.getByTestId('run-all').click();
  // One line, though each shard needed it.
  await expect(page.getByTestId('alert')).toContainText('A part of this page did not come. Reload it');
  // Browsers differ in whether they ask again; Chromium does not.
  await page.reload();
  await expectShardState(page, 0, 'ready');
  expect(lost).toBeGreaterThan(1);
  await expect(page.getByTestId('alert')).toHaveCount(0);
  await context.close();
});
