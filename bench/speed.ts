import type { Page } from 'playwright';
import type { Lap } from '../src/swarm/coordinator/generation.ts';
import { expectSwarmReady, type Tab } from '../tests/e2e/support/tab.ts';
import { decode } from './decode.ts';
import { computeMs } from './hop.ts';
import type { Bench } from './parts.ts';
import { prefill } from './prefill.ts';
import type { Row, Table } from './report.ts';
import { type Distribution, ratio, repeated, summarize } from './support/measure.ts';
import type { Plan } from './support/plan.ts';
import { announceStep } from './support/progress.ts';
import { BenchTabs } from './support/tabs.ts';
import { benchWllama, type WllamaSpeed } from './wllama.ts';

/** Of the processor; a GPU has its own. */
const THREADS = [1, 2];

interface Speed {
  readonly decode: Distribution;
  /** In the order of the plan's prompts. */
  readonly prefill: readonly Distribution[];
  readonly laps: readonly Lap[];
}

/** Decodes and prefills: one tab with every shard beside wllama, then a tab for each shard. */
export async function benchSpeed(bench: Bench): Promise<Table[]> {
  const all = bench.manifest.shards.map(({ index }) => index);
  const threads = bench.runner === 'cpu' ? THREADS : [undefined];
  const one: Speed[] = [];
  const many: Speed[] = [];
  for (const count of threads) one.push(await benchTabs(bench, [all], count));
  for (const count of threads)
    many.push(
      await benchTabs(
        bench,
        all.map((shard) => [shard]),
        count,
      ),
    );
  const tabs = threads.flatMap((count, index) => [
    { name: `one tab${onThreads(count)}`, speed: one[index]! },
    { name: `${all.length} tabs${onThreads(count)}`, speed: many[index]! },
  ]);
  const speeds = tabs.map(({ speed }) => speed);
  const together: Table = {
    title: 'Speed',
    columns: tabs.map(({ name }) => name),
    rows: [
      ...speedRows(bench.plan, speeds),
      { what: 'Of a token, computing', unit: 'ms', cells: speeds.map(({ laps }) => summarize(laps.map(computeMs))) },
    ],
  };
  // wllama needs a model whose tokenizer llama.cpp knows: the smoke test's is made up.
  return bench.plan.model ? [together] : [together, await besideWllama(bench, one)];
}

function onThreads(count: number | undefined): string {
  return count === undefined ? '' : `, ${count} ${count === 1 ? 'thread' : 'threads'}`;
}

async function besideWllama({ browser, modelFile, plan }: Bench, shoal: readonly Speed[]): Promise<Table> {
  const wllama: WllamaSpeed[] = await benchWllama(browser, modelFile, plan, THREADS);
  const columns = wllama.flatMap((_, index) => [
    `Shoal${onThreads(shoal.length > 1 ? THREADS[index] : undefined)}`,
    `wllama${onThreads(THREADS[index])}`,
    'ratio',
  ]);
  const rows = speedRows(plan, shoal).map(({ what, unit }, row): Row => {
    const cells = wllama.flatMap((figures, index) => {
      const ours = shoal[Math.min(index, shoal.length - 1)]!;
      const [mine, theirs] = [ours, figures].map((speed) => (row === 0 ? speed.decode : speed.prefill[row - 1]!));
      return [mine, theirs, ratio(mine!, theirs!)];
    });
    return { what, unit, cells };
  });
  rows.push({
    what: 'Load, file in memory',
    unit: 's',
    cells: wllama.flatMap(({ loadS }) => [undefined, loadS, undefined]),
  });
  return { title: 'One tab beside wllama 3.8.1 (llama.cpp in WebAssembly), the same file and browser', columns, rows };
}

function speedRows(plan: Plan, speeds: readonly Speed[]): Row[] {
  return [
    {
      what: `Decode, ${plan.decodeTokens} tokens`,
      unit: 'tokens/s',
      cells: speeds.map(({ decode: answer }) => answer),
    },
    ...plan.promptTokens.map((tokens, index) => ({
      what: `Prefill, ${tokens} tokens`,
      unit: 'tokens/s',
      cells: speeds.map((speed) => speed.prefill[index]!),
    })),
  ];
}

async function benchTabs(bench: Bench, shards: readonly (readonly number[])[], threads?: number): Promise<Speed> {
  announceStep(`${shards.length === 1 ? 'One tab with every shard' : 'A tab for each shard'}${onThreads(threads)}`);
  const settings = { ...bench.settings, ...(threads === undefined ? {} : { threads }) };
  const opener = new BenchTabs(bench.browser, bench.url, settings);
  const tabs: Tab[] = [];
  for (const held of shards) tabs.push(await opener.openNode(held));
  const speed = await measureSpeed(tabs[0]!.page, bench.plan);
  for (const { context } of tabs) await context.close();
  return speed;
}

async function measureSpeed(page: Page, plan: Plan): Promise<Speed> {
  await expectSwarmReady(page);
  // The first answer opens channels and compiles what is compiled late.
  await decode(page, plan.decodeTokens);
  const runs = await repeated(plan.repeats, () => decode(page, plan.decodeTokens));
  const prefills: Distribution[] = [];
  let run = 0;
  for (const tokens of plan.promptTokens) {
    await prefill(page, tokens, run++);
    prefills.push(summarize(await repeated(plan.repeats, () => prefill(page, tokens, run++))));
  }
  return {
    decode: summarize(runs.map(({ tokensPerSecond }) => tokensPerSecond)),
    laps: runs.flatMap(({ laps }) => laps),
    prefill: prefills,
  };
}
