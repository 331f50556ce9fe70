// Measures the whole of Shoal in real tabs: node bench/run.ts --help
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { launchBrowser } from '../cli/browser.ts';
import { ensureDefaultModel } from '../cli/model-source.ts';
import { buildPage } from '../cli/page-build.ts';
import { decodeManifest, type Manifest } from '../src/protocol/manifest.ts';
import { parseServerConfig } from '../src/protocol/server-config.ts';
import { startServer } from '../tests/e2e/support/server.ts';
import { chooseParts, openBench, PARTS } from './parts.ts';
import { formatReport, type Section } from './report.ts';
import { FULL, smokePlan } from './support/plan.ts';

const HELP = `node bench/run.ts [--only PART,PART…] [--runner auto|webgpu|cpu] [--model FILE] [--smoke]

Measures Shoal in real tabs, prints a report and writes it to bench/RESULTS.md, with what bench/by-hand.md says.

  --only    measures these parts alone, and writes nothing
  --runner  what runs the tabs' layers; auto unless given
  --model   measures this GGUF file instead of the default model, and writes nothing
  --smoke   runs everything once on a tiny model, and writes nothing: no time of it means anything

Parts:
${Object.entries(PARTS)
  .map(([name, { what }]) => `  ${name.padEnd(13)}${what}`)
  .join('\n')}
`;
const RUNNERS = ['auto', 'webgpu', 'cpu'] as const;
const ROOT = resolve(import.meta.dirname, '..');
const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    only: { type: 'string' },
    model: { type: 'string' },
    smoke: { type: 'boolean', default: false },
    runner: { type: 'string', default: 'auto' },
  },
});
if (values.help) console.log(HELP);
else await benchAll();

async function benchAll(): Promise<void> {
  const { smoke, only } = values;
  const parts = chooseParts(only);
  const runner = RUNNERS.find((name) => name === values.runner);
  if (!runner) throw new Error(`--runner is "${values.runner}", expected ${RUNNERS.join(', ')}.`);
  const plan = smoke ? smokePlan() : FULL;
  const load = loadavg()[0]!;
  await buildPage(ROOT);
  const folder = await mkdtemp(join(tmpdir(), 'shoal-bench-'));
  const madeFile = join(folder, 'bench.gguf');
  if (plan.model) await writeFile(madeFile, plan.model);
  const modelFile = plan.model ? madeFile : (values.model ?? (await ensureDefaultModel()));
  const own = plan.model !== undefined || values.model !== undefined;
  const server = await startServer(own ? ['--model', modelFile, '--data', folder] : []);
  const { url } = server;
  const browser = await launchBrowser();
  try {
    const manifest = await fetchManifest(url);
    const bench = await openBench({ browser, url, settings: { runner }, manifest, plan, modelFile });
    const sections: Section[] = [];
    for (const part of parts) sections.push(...(await PARTS[part]!.run(bench)));
    const report = formatReport(
      {
        runner: bench.adapter,
        browser: `Chromium ${browser.version()}`,
        load,
        cpu: `${cpus()[0]?.model.trim()}, ${cpus().length} processors`,
        model: describe(manifest),
      },
      sections,
    );
    console.log(report);
    if (smoke || only !== undefined || values.model !== undefined) return;
    const byHand = await readFile(join(ROOT, 'bench/by-hand.md'), 'utf8');
    await writeFile(join(ROOT, 'bench/RESULTS.md'), [report, byHand].join('\n'));
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
