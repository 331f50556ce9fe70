// Tokens a second of several sessions through one runner, in one call and one by one:
// node tests/support/with-browser-env.ts node bench/batch.ts [--smoke]
import './support/raw-imports.ts';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, globals } from 'webgpu';
import { nodeHost } from '../src/cpu/node-host.ts';
import { createCpuRunner } from '../src/engine/cpu/cpu-runner.ts';
import type { LayerRunner, StageTask } from '../src/engine/layer-runner.ts';
import { openFileSource, splitModel } from '../tests/support/shard-readers.ts';
import { summarize } from './support/measure.ts';
import { FULL, smokePlan } from './support/plan.ts';

const { createWebGpuRunner } = await import('../src/engine/webgpu/webgpu-runner.ts');

const MODEL = 'models_cache/SmolLM2-135M-Instruct.Q4_1.gguf';
const SESSIONS = [1, 2, 4, 8];
/** Positions that each session holds before it decodes. */
const PROMPT_TOKENS = 8;
/** A software adapter needs a minute for these. */
const TOKENS = 12;
const REPEATS = 3;

const smoke = process.argv.includes('--smoke');
const plan = smoke ? smokePlan() : FULL;
const folder = await mkdtemp(join(tmpdir(), 'shoal-bench-'));
const file = plan.model ? join(folder, 'bench.gguf') : MODEL;
if (plan.model) await writeFile(file, plan.model);
Object.assign(globalThis, globals);
// Dawn does not outlive it.
const gpu = create([]);
console.log(`${cpus()[0]?.model.trim()}, ${cpus().length} processors; load average ${loadavg()[0]!.toFixed(1)}`);
const source = await openFileSource(file);
const { hyperparameters, readers } = await splitModel(source, 1);
for (const open of [
  () => createCpuRunner({ host: nodeHost, hyperparameters }),
  () => createWebGpuRunner({ gpu, hyperparameters }),
]) {
  const runner = await open();
  for (const reader of readers) await runner.loadShard(reader);
  await compare(runner);
  await runner.close();
}
await source.close();
await rm(folder, { recursive: true });

/** One after the other in turn, so that what else the machine does meets all alike. */
async function compare(runner: LayerRunner): Promise<void> {
  const cases = SESSIONS.map((sessions) => ({ sessions, together: [] as number[], apart: [] as number[] }));
  for (let run = 0; run <= Math.min(plan.repeats, REPEATS); run++) {
    for (const { sessions, together, apart } of cases) {
      const batched = await rate(runner, sessions, async (tasks) => void (await runner.executeBatch(tasks)));
      const single = await rate(runner, sessions, async (tasks) => {
        for (const task of tasks) await runner.execute(task);
      });
      // The first round warms up.
      if (run === 0) continue;
      together.push(batched);
      apart.push(single);
    }
  }
  for (const { sessions, together, apart } of cases) {
    const [one, all] = [summarize(apart), summarize(together)];
    const what = `${runner.info.kind} (${runner.info.adapter}), ${sessions} session(s)`;
    const gain = (all.median / one.median).toFixed(2);
    console.log(`${what}: ${format(all)} tokens/s together, ${format(one)} one by one: ${gain} x`);
  }
}

/** Tokens a second of all sessions. */
async function rate(
  runner: LayerRunner,
  sessions: number,
  step: (tasks: readonly StageTask[]) => Promise<void>,
): Promise<number> {
  const layers = { start: 0, end: hyperparameters.layerCount };
  const candidates = { rows: 'last', count: 1, wantedIds: new Uint32Array() } as const;
  const taskOf = (session: number, position: number, count: number): StageTask => ({
    session: `${session}`,
    layers,
    position,
    input: { dtype: 'u32', ids: Uint32Array.from({ length: count }, (_, at) => (7 * (position + at) + session) % 256) },
    candidates,
  });
  for (let session = 0; session < sessions; session++) {
    await runner.openSession({ session: `${session}`, layers, maxTokens: PROMPT_TOKENS + TOKENS });
    await runner.execute(taskOf(session, 0, PROMPT_TOKENS));
  }
  const startedAtMs = performance.now();
  for (let at = 0; at < TOKENS; at++)
    await step(Array.from({ length: sessions }, (_, session) => taskOf(session, PROMPT_TOKENS + at, 1)));
  const elapsedMs = performance.now() - startedAtMs;
  for (let session = 0; session < sessions; session++) await runner.closeSession(`${session}`);
  return (1000 * sessions * TOKENS) / elapsedMs;
}

function format({ median, spread }: { readonly median: number; readonly spread: number }): string {
  return `${median.toFixed(1)} (${spread.toFixed(1)})`;
}
