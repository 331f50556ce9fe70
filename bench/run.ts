// Measures the whole of Shoal in real tabs: node bench/run.ts [wan] [--runner auto|webgpu|cpu] [--smoke]
// Writes bench/RESULTS.md. With --smoke everything runs once on a tiny model, and nothing is written. With "wan" only
// tabs that are far apart are measured, and nothing is written either.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { launchBrowser } from '../cli/browser.ts';
import { ensureDefaultModel } from '../cli/model-source.ts';
import { buildPage } from '../cli/page-build.ts';
import { decodeManifest, type Manifest } from '../src/protocol/manifest.ts';
import { parseServerConfig } from '../src/protocol/server-config.ts';
import type { RunnerSetting } from '../src/ui/app-model.ts';
import { startServer } from '../tests/e2e/support/server.ts';
import { benchFirstToken } from './first-token.ts';
import { runKernelBench } from './kernel-table.ts';
import { formatReport, formatTable } from './report.ts';
import { FULL, smokePlan } from './support/plan.ts';
import { BenchTabs } from './support/tabs.ts';
import { benchSwarm } from './swarm.ts';
import { benchWan } from './wan.ts';
import { benchWire } from './wire.ts';
import { benchWllama } from './wllama.ts';

const RUNNERS = ['auto', 'webgpu', 'cpu'] as const;
const ROOT = resolve(import.meta.dirname, '..');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { smoke: { type: 'boolean', default: false }, runner: { type: 'string', default: 'auto' } },
});
const { smoke } = values;
const [part] = positionals;
if (part !== undefined && part !== 'wan') throw new Error(`There is no part "${part}" to measure alone, only wan.`);
const runner = RUNNERS.find((name) => name === values.runner);
if (!runner) throw new Error(`--runner is "${values.runner}", expected ${RUNNERS.join(', ')}.`);
const plan = smoke ? smokePlan() : FULL;
const load = loadavg()[0]!;

await buildPage(ROOT);
if (part === 'wan') {
  const tables = await benchWan(plan);
  console.log(`Load average before the start: ${load.toFixed(1)}\n\n${tables.map(formatTable).join('\n')}`);
} else await benchAll(runner);

async function benchAll(runner: RunnerSetting): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-bench-'));
  const modelFile = join(folder, 'bench.gguf');
  if (plan.model) await writeFile(modelFile, plan.model);
  const server = await startServer(plan.model ? ['--model', modelFile, '--data', folder] : []);
  const browser = await launchBrowser();
  try {
    const bench = {
      browser,
      tabs: new BenchTabs(browser, server.url, runner),
      manifest: await fetchManifest(server.url),
      plan,
    };
    const first = await benchFirstToken(bench);
    const swarm = await benchSwarm(bench);
    const wire = await benchWire(bench, swarm.laps);
    // wllama needs a model whose tokenizer llama.cpp knows: the smoke test's is made up.
    const others = smoke ? [] : [await benchWllama(browser, await ensureDefaultModel(), plan)];
    const wan = await benchWan(plan);
    const report = formatReport(
      {
        runner: swarm.runner,
        browser: `Chromium ${browser.version()}`,
        load,
        cpu: `${cpus()[0]?.model.trim()}, ${cpus().length} processors`,
        model: describe(bench.manifest),
      },
      [first, ...swarm.tables, ...others, ...wire, ...wan],
      await runKernelBench(plan.kernelRepeats),
    );
    console.log(report);
    if (!smoke) await writeFile(join(ROOT, 'bench/RESULTS.md'), report);
  } finally {
    await browser.close();
    await server.stop();
    await rm(folder, { recursive: true });
  }
}

async function fetchManifest(url: string): Promise<Manifest> {
  const config = parseServerConfig(await (await fetch(`${url}/config.json`)).json());
  const response = await fetch(`${url}/models/${config.models[0]!.name}/manifest.json`);
  return decodeManifest(new Uint8Array(await response.arrayBuffer()));
}

function describe({ name, hyperparameters, shards }: Manifest): string {
  const { layerCount, width, feedForwardWidth, vocabularySize } = hyperparameters;
  return `${name}, L ${layerCount}, C ${width}, F ${feedForwardWidth}, V ${vocabularySize}, ${shards.length} shards`;
}
