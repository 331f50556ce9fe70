import type { Browser } from 'playwright';
import type { Manifest } from '../src/protocol/manifest.ts';
import { benchChecks } from './checks.ts';
import { benchFirstToken } from './first-token.ts';
import { benchIdle } from './idle.ts';
import { benchJoins } from './join.ts';
import { runKernelBench } from './kernel-table.ts';
import { benchMemory } from './memory.ts';
import { benchNative } from './native.ts';
import { benchReload } from './reload.ts';
import { preformatted, type Section } from './report.ts';
import { benchScale } from './scale.ts';
import { benchSessions } from './sessions.ts';
import { benchSpeed } from './speed.ts';
import type { Plan } from './support/plan.ts';
import { BenchTabs, type TabSettings } from './support/tabs.ts';
import { benchWan } from './wan.ts';
import { benchWire } from './wire.ts';

/** What every part of the benchmark works with. */
export interface Bench {
  readonly browser: Browser;
  /** Of the Shoal server that is measured. */
  readonly url: string;
  readonly settings: TabSettings;
  readonly tabs: BenchTabs;
  readonly manifest: Manifest;
  readonly plan: Plan;
  /** What the tabs' layers run on. */
  readonly runner: 'webgpu' | 'cpu';
  /** The whole model; wllama and llama.cpp read it. A smoke test's is made up, with a tokenizer that they do not know. */
  readonly modelFile: string;
}

interface Part {
  readonly what: string;
  run(bench: Bench): Promise<readonly Section[]>;
}

/** By the names that `--only` takes, in the order in which they run. */
export const PARTS: Readonly<Record<string, Part>> = {
  'first-token': {
    what: 'seconds from opening the page to the first token, nothing stored and again',
    run: async (bench) => [await benchFirstToken(bench)],
  },
  reload: {
    what: "seconds to the first token of a long conversation's next question, the page being opened anew or not",
    run: async (bench) => [await benchReload(bench)],
  },
  memory: {
    what: "the renderer's peak, beside wllama's and an empty page's",
    run: async (bench) => [await benchMemory(bench)],
  },
  join: {
    what: 'seconds from joining, or opening again, until shards serve',
    run: async (bench) => [await benchJoins(bench)],
  },
  idle: {
    what: 'processor time of tabs that only stay open',
    run: async (bench) => [await benchIdle(bench)],
  },
  speed: {
    what: 'decode and prefill in one tab and in a tab for each shard, on one thread and on two, beside wllama',
    run: benchSpeed,
  },
  sessions: { what: 'several tabs that prompt at once, through a tab for each shard', run: benchSessions },
  checks: { what: 'hashes that stages keep, and stages computed again by others', run: benchChecks },
  wire: { what: 'hops and transfers beside a raw data channel', run: benchWire },
  native: {
    what: "the processor's engine in Node beside native llama.cpp, and its kernels",
    run: benchNative,
  },
  kernels: {
    what: "WebGPU's kernels on Dawn",
    run: async ({ plan }) => [preformatted("WebGPU's kernels, outside the browser", await runKernelBench(plan))],
  },
  scale: {
    what: 'two hundred nodes in memory that come and go; takes minutes',
    run: async ({ plan }) => [await benchScale(plan)],
  },
  wan: { what: 'decode between tabs that are far apart; takes minutes', run: ({ plan }) => benchWan(plan) },
};

/** @throws Error for a name that is no part's */
export function chooseParts(only: string | undefined): string[] {
  const names = Object.keys(PARTS);
  if (only === undefined) return names;
  const chosen = only.split(',');
  const unknown = chosen.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`There is no part "${unknown}", only ${names.join(', ')}.`);
  return names.filter((name) => chosen.includes(name));
}

/** Opens a tab for a moment, to see what its layers run on. The first visit warms up browser and server besides. */
export async function openBench(options: Omit<Bench, 'tabs' | 'runner'>): Promise<Bench & { adapter: string }> {
  const tabs = new BenchTabs(options.browser, options.url, options.settings);
  const { page, context } = await tabs.openNode([1]);
  const { capabilities } = await page.evaluate(() =>
    window.shoal.command(window.shoal.peerId, 'GET_CAPABILITIES', undefined),
  );
  await context.close();
  const { runner, adapter } = capabilities;
  return { ...options, tabs, runner: runner === 'webgpu' ? 'webgpu' : 'cpu', adapter: `${runner} (${adapter})` };
}
