import { openPage, type Tab } from '../tests/e2e/support/tab.ts';
import { type BenchTabs, waitUntilReady } from './support/tabs.ts';

/** Joins from a new browser context, which has stored nothing. @returns seconds from the click until all shards serve */
export async function timeJoin(
  tabs: BenchTabs,
  shards: readonly number[],
): Promise<{ readonly tab: Tab; readonly joinS: number }> {
  const tab = await tabs.open();
  for (const shard of shards) await tab.page.getByTestId(`shard-${shard}-pick`).check();
  const startedAtMs = performance.now();
  await tab.page.getByTestId('join').click();
  await waitUntilReady(tab.page, shards);
  return { tab, joinS: (performance.now() - startedAtMs) / 1000 };
}

/** Closes the tab and opens it again. @returns seconds from the navigation until all of its shards serve */
export async function timeReopen(tab: Tab, url: string, shards: readonly number[]): Promise<number> {
  await tab.page.close();
  const startedAtMs = performance.now();
  const { page } = await openPage(tab.context, url);
  await waitUntilReady(page, shards);
  return (performance.now() - startedAtMs) / 1000;
}
