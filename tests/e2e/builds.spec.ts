import { type BrowserContext, expect, test } from '@playwright/test';
import { joinWith, openTab } from './support/tab.ts';
import { startTinyServer } from './support/tiny-server.ts';

/** Has a page say in its presence that its build is `step` ahead of what it is. */
const otherBuild = (step: number) => (context: BrowserContext) =>
  context.addInitScript((by) => {
    const { stringify } = JSON;
    JSON.stringify = ((value: unknown, ...rest: never[]) => {
      const presence = value as { readonly wire?: number; readonly sequence?: number } | null;
      const told = presence?.wire !== undefined && presence.sequence !== undefined;
      return stringify(told ? { ...presence, wire: presence.wire! + by } : value, ...rest);
    }) as typeof stringify;
  }, step);

test('two builds that cannot work together say which side reloads, in the page and by its check', async ({
  browser,
}) => {
  const server = await startTinyServer();
  try {
    const here = await openTab(browser, server.url);
    await joinWith(here, [0, 1, 2, 3]);
    const newer = await openTab(browser, server.url, otherBuild(1));
    await joinWith(newer, [0, 1, 2, 3]);
    const older = await openTab(browser, server.url, otherBuild(-1));
    await joinWith(older, [0, 1, 2, 3]);
    const { page } = here;
    const members = page.getByTestId('member');
    await expect(members.filter({ hasText: 'runs a newer build' })).toContainText('reload this page');
    await expect(members.filter({ hasText: 'runs an older build' })).toContainText('its page must be reloaded');
    await expect(page.getByTestId('notice')).toContainText('Tabs with a newer build of this page are in the swarm');
    // None of their shards counts.
    await expect(page.getByTestId('shard-0')).toContainText('run by 1 tab');
    const checks = await page.evaluate(() => window.shoal.verify());
    const builds = checks.filter(({ name }) => name.startsWith('Build of'));
    expect(builds.map(({ passed, detail }) => `${passed} ${detail}`).sort()).toEqual([
      expect.stringContaining('false It runs a newer build'),
      expect.stringContaining('false It runs an older build'),
    ]);
    expect(checks.filter(({ passed }) => !passed)).toHaveLength(2);
    for (const { context } of [here, newer, older]) await context.close();
  } finally {
    await server.stop();
  }
});
