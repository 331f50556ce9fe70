import { expectSwarmReady, type Tab } from '../tests/e2e/support/tab.ts';
import { decode } from './decode.ts';
import type { Bench } from './parts.ts';
import type { Table } from './report.ts';
import { type Distribution, summarize } from './support/measure.ts';
import { announceStep } from './support/progress.ts';

/** Answers at once, each prompted in a tab of its own: first in tabs without a shard, then in the nodes' too. */
const SESSIONS = [1, 2, 4, 8];
const GUESTS = 4;

/** Several tabs prompt at once through a tab for each shard: tokens a second of all together, and of each. */
export async function benchSessions({ tabs, manifest, plan }: Bench): Promise<Table[]> {
  announceStep('Several sessions at once');
  const nodes: Tab[] = [];
  for (const { index } of manifest.shards) nodes.push(await tabs.openNode([index]));
  const guests: Tab[] = [];
  for (let guest = 0; guest < GUESTS; guest++) guests.push(await tabs.open());
  const coordinators = [...guests, ...nodes].map(({ page }) => page);
  // The first answer opens channels and fills the caches with the prompt: what is measured is decoding.
  for (const page of coordinators) {
    await expectSwarmReady(page);
    await decode(page, plan.decodeTokens);
  }
  const cells: Distribution[] = [];
  for (const sessions of SESSIONS) {
    const rates: number[] = [];
    for (let run = 0; run < plan.repeats; run++) {
      const startedAtMs = performance.now();
      await Promise.all(coordinators.slice(0, sessions).map((page) => decode(page, plan.decodeTokens)));
      rates.push((1000 * sessions * plan.decodeTokens) / (performance.now() - startedAtMs));
    }
    cells.push(summarize(rates));
  }
  for (const { context } of [...nodes, ...guests]) await context.close();
  return [
    {
      title: `Several sessions at once, ${nodes.length} tabs with a shard each`,
      columns: SESSIONS.map((count) => `${count} ${count === 1 ? 'session' : 'sessions'}`),
      rows: [
        { what: `Decode, ${plan.decodeTokens} tokens each, all together`, unit: 'tokens/s', cells },
        { what: 'Beside one session', unit: 'times', cells: cells.map(({ median }) => median / cells[0]!.median) },
      ],
    },
  ];
}
