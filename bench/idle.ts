import { setTimeout as rest } from 'node:timers/promises';
import type { CDPSession } from 'playwright';
import { expectSwarmReady } from '../tests/e2e/support/tab.ts';
import type { Bench } from './parts.ts';
import type { Table } from './report.ts';
import { summarize } from './support/measure.ts';
import { announceStep } from './support/progress.ts';
import { rendererProcesses } from './support/renderer-memory.ts';

/** So many tabs only ask; beside them a tab serves each shard. */
const GUESTS = 4;
const SMOKE_GUESTS = 1;
/** Until the last tab knows everybody, and rests. */
const SETTLE_MS = 20_000;
const WATCH_MS = 30_000;
const SMOKE_WATCH_MS = 1000;

/** What tabs cost that stay open and ask nothing: processor time, of a thousand milliseconds. */
export async function benchIdle({ browser, tabs, manifest, plan }: Bench): Promise<Table> {
  announceStep('Tabs that stay open');
  const smoke = plan.model !== undefined;
  const devtools = await browser.newBrowserCDPSession();
  const before = await rendererProcesses(devtools);
  const open = [];
  for (const { index } of manifest.shards) open.push(await tabs.openNode([index]));
  const nodes = (await rendererProcesses(devtools)).filter((id) => !before.includes(id));
  for (let count = 0; count < (smoke ? SMOKE_GUESTS : GUESTS); count++) open.push(await tabs.open());
  for (const { page } of open) await expectSwarmReady(page);
  if (!smoke) await rest(SETTLE_MS);
  const startedAtMs = performance.now();
  const start = await processorSeconds(devtools);
  await rest(smoke ? SMOKE_WATCH_MS : WATCH_MS);
  const end = await processorSeconds(devtools);
  const seconds = (performance.now() - startedAtMs) / 1000;
  const cost = (id: number) => (1000 * (end.get(id)! - start.get(id)!)) / seconds;
  const renderers = (await rendererProcesses(devtools)).filter((id) => !before.includes(id) && start.has(id));
  const others = [...start.keys()].filter((id) => end.has(id) && !before.includes(id) && !renderers.includes(id));
  await Promise.all(open.map(({ context }) => context.close()));
  await devtools.detach();
  const total = (ids: readonly number[]) => ids.reduce((sum, id) => sum + cost(id), 0);
  const cells = [
    summarize(renderers.filter((id) => nodes.includes(id)).map(cost)),
    summarize(renderers.filter((id) => !nodes.includes(id)).map(cost)),
    summarize([total(others)]),
    summarize([total([...renderers, ...others])]),
  ];
  return {
    title: 'Tabs that only stay open: processor time of a second',
    columns: ['a tab that serves', 'a guest', "the browser's own", 'all'],
    rows: [{ what: `${open.length} tabs of one browser`, unit: 'ms', cells }],
  };
}

/** Of each of the browser's processes, since it began. */
async function processorSeconds(devtools: CDPSession): Promise<Map<number, number>> {
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  return new Map(processInfo.map(({ id, cpuTime }) => [id, cpuTime]));
}
