import { expect, test } from '@playwright/test';
import { freeze } from './support/freeze.ts';
import { expectSwarmReady, joinWith, openTab, type Tab } from './support/tab.ts';
import { tell } from './support/telling.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

/** Several times the silence after which a page that is gone is given up. */
const HELD_UP_MS = 6000;
const TOKENS = 200;

let server: TinyServer;
test.beforeAll(async () => {
  server = await startTinyServer([], { type: 'Q4_1', contextLength: 1024 });
});
test.afterAll(() => server.stop());

test('a page that is held up is late, not dead: without a spare its answer waits and goes on', async ({ browser }) => {
  const nodes: Tab[] = await Promise.all(
    [0, 1, 2, 3].map(async (shard) => {
      const node = await openTab(browser, server.url);
      await joinWith(node, [shard]);
      return node;
    }),
  );
  const guest = await openTab(browser, server.url);
  await expectSwarmReady(guest.page);
  const undisturbed = await tell(guest, TOKENS);
  const told = await tell(guest, TOKENS, async () => {
    const wake = await freeze(nodes[2]!.page);
    await guest.page.waitForTimeout(HELD_UP_MS);
    // Nobody has given it up: it is a member, and connected.
    await expect(guest.page.getByTestId('swarm')).toHaveAttribute('data-nodes', '4');
    await expect(guest.page.getByTestId('swarm')).toHaveAttribute('data-state', 'ready');
    await wake();
  });
  expect(told.bytes).toEqual(undisturbed.bytes);
  expect(told.pauseMs).toBeGreaterThan(HELD_UP_MS / 2);
  await expect(guest.page.getByTestId('timeline-row')).toHaveCount(0);
  for (const { console: lines } of [guest, ...nodes])
    expect(lines.filter((line) => /channel to .* ends|has been silent/.test(line))).toEqual([]);
  await Promise.all([guest, ...nodes].map(({ context }) => context.close()));
});
