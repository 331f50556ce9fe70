import type { Tab } from '../tests/e2e/support/tab.ts';
import type { Bench } from './parts.ts';
import type { Row, Table } from './report.ts';
import { summarize } from './support/measure.ts';
import { announceStep } from './support/progress.ts';
import { type BenchTabs, waitUntilReady } from './support/tabs.ts';

/** A new browser context for each of these: a few suffice, as each takes seconds. */
const REPEATS = 3;

/** Joins with one shard and with all, from nothing and again. */
export async function benchJoins(bench: Bench): Promise<Table> {
  announceStep('Joining, and opening again');
  const all = bench.manifest.shards.map(({ index }) => index);
  const rows = [await benchJoin(bench, [1]), await benchJoin(bench, all)];
  return { title: 'From join to ready', columns: ['nothing stored', 'reopened tab'], rows };
}

async function benchJoin({ tabs, manifest, plan }: Bench, shards: readonly number[]): Promise<Row> {
  const fresh: number[] = [];
  const stored: number[] = [];
  for (let index = 0; index < Math.min(plan.repeats, REPEATS); index++) {
    const { tab, joinS } = await timeJoin(tabs, shards);
    fresh.push(joinS);
    stored.push(await timeReopen(tab, tabs.url, shards));
    await tab.context.close();
  }
  const bytes = shards.reduce((sum, shard) => sum + manifest.shards[shard]!.sizeBytes, 0);
  const what = `${shards.length === 1 ? `Shard ${shards[0]}` : 'Every shard'}, ${(bytes / 1e6).toFixed(1)} MB`;
  return { what, unit: 's', cells: [summarize(fresh), summarize(stored)] };
}

/** Joins from a new browser context, which has stored nothing. @returns seconds from the click until all shards serve */
async function timeJoin(
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

/**
 * Closes the tab and opens it again. The time before the navigation is the browser's: it opens a window.
 * @returns seconds from the navigation until all of its shards serve
 */
async function timeReopen(tab: Tab, url: string, shards: readonly number[]): Promise<number> {
  await tab.page.close();
  const page = await tab.context.newPage();
  const startedAtMs = performance.now();
  await page.goto(url);
  await waitUntilReady(page, shards);
  return (performance.now() - startedAtMs) / 1000;
}
