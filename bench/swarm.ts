import type { Browser, Page } from 'playwright';
import type { Manifest } from '../src/protocol/manifest.ts';
import type { Lap } from '../src/swarm/generation.ts';
import { expectSwarmReady, type Tab } from '../tests/e2e/support/tab.ts';
import { decode } from './decode.ts';
import { computeMs } from './hop.ts';
import { timeJoin, timeReopen } from './join.ts';
import { prefill } from './prefill.ts';
import type { Row, Table } from './report.ts';
import { type Distribution, summarize } from './support/measure.ts';
import type { Plan } from './support/plan.ts';
import { announceStep } from './support/progress.ts';
import type { BenchTabs } from './support/tabs.ts';

/** What every part of the benchmark works with. */
export interface Bench {
  readonly browser: Browser;
  readonly tabs: BenchTabs;
  readonly manifest: Manifest;
  readonly plan: Plan;
}

export interface SwarmFigures {
  /** What the tabs' layers ran on. */
  readonly runner: string;
  readonly tables: readonly Table[];
  /** Laps of the decode with a tab for each shard. */
  readonly laps: readonly Lap[];
}

interface Speed {
  readonly decode: Distribution;
  /** In the order of the plan's prompts. */
  readonly prefill: readonly Distribution[];
  readonly laps: readonly Lap[];
}

/** A new browser context for each of these: a few suffice, as each takes seconds. */
const JOIN_REPEATS = 3;

/** Joins, decodes and prefills: first one tab with every shard, then a tab for each shard. */
export async function benchSwarm(bench: Bench): Promise<SwarmFigures> {
  const { tabs, manifest, plan } = bench;
  const all = manifest.shards.map(({ index }) => index);
  announceStep('Joining, and opening again');
  const joins = [await benchJoin(bench, [1]), await benchJoin(bench, all)];

  announceStep('One tab with every shard');
  const whole = await tabs.openNode(all);
  const { capabilities } = await whole.page.evaluate(() =>
    window.shoal.command(window.shoal.peerId, 'GET_CAPABILITIES', undefined),
  );
  const one = await benchSpeed(whole.page, plan);
  await whole.context.close();

  announceStep('A tab for each shard');
  const nodes: Tab[] = [];
  for (const shard of all) nodes.push(await tabs.openNode([shard]));
  const four = await benchSpeed(nodes[0]!.page, plan);
  for (const { context } of nodes) await context.close();

  const columns = ['one tab', `${all.length} tabs`];
  const speed: Row[] = [
    { what: `Decode, ${plan.decodeTokens} tokens`, unit: 'tokens/s', cells: [one.decode, four.decode] },
    { what: 'Of a token, computing', unit: 'ms', cells: [one, four].map(({ laps }) => summarize(laps.map(computeMs))) },
    ...plan.promptTokens.map((tokens, index) => ({
      what: `Prefill, ${tokens} tokens`,
      unit: 'tokens/s',
      cells: [one.prefill[index]!, four.prefill[index]!],
    })),
  ];
  return {
    runner: `${capabilities.runner} (${capabilities.adapter})`,
    laps: four.laps,
    tables: [
      { title: 'Speed', columns, rows: speed },
      { title: 'From join to ready', columns: ['nothing stored', 'reopened tab'], rows: joins },
    ],
  };
}

async function benchSpeed(page: Page, plan: Plan): Promise<Speed> {
  await expectSwarmReady(page);
  // The first answer opens channels and compiles what is compiled late.
  await decode(page, plan.decodeTokens);
  const runs = await repeat(plan.repeats, () => decode(page, plan.decodeTokens));
  const prefills: Distribution[] = [];
  let run = 0;
  for (const tokens of plan.promptTokens) {
    await prefill(page, tokens, run++);
    prefills.push(summarize(await repeat(plan.repeats, () => prefill(page, tokens, run++))));
  }
  return {
    decode: summarize(runs.map(({ tokensPerSecond }) => tokensPerSecond)),
    laps: runs.flatMap(({ laps }) => laps),
    prefill: prefills,
  };
}

async function benchJoin({ tabs, manifest, plan }: Bench, shards: readonly number[]): Promise<Row> {
  const fresh: number[] = [];
  const stored: number[] = [];
  for (let index = 0; index < Math.min(plan.repeats, JOIN_REPEATS); index++) {
    const { tab, joinS } = await timeJoin(tabs, shards);
    fresh.push(joinS);
    stored.push(await timeReopen(tab, tabs.url, shards));
    await tab.context.close();
  }
  const bytes = shards.reduce((sum, shard) => sum + manifest.shards[shard]!.sizeBytes, 0);
  const what = `${shards.length === 1 ? `Shard ${shards[0]}` : 'Every shard'}, ${(bytes / 1e6).toFixed(1)} MB`;
  return { what, unit: 's', cells: [summarize(fresh), summarize(stored)] };
}

async function repeat<T>(count: number, run: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let index = 0; index < count; index++) results.push(await run());
  return results;
}
