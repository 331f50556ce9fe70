// Runs every test on this machine and ends with one line: `N passed, N failed`.
//   node tests/run.ts [unit] [gpu] [e2e] [e2e-alone] [firefox]      all of them when none is named
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { findBrowser } from '../cli/browser.ts';
import { findInCatalogue } from '../cli/catalogue.ts';
import { ensureDefaultModel, ensureModel } from '../cli/model-source.ts';
import { findFirefox } from './firefox/support/find-firefox.ts';
import { COMPILE_CACHE } from './support/compile-cache.ts';
import { type Counts, readPlaywrightReport, readVitestReport } from './support/reports.ts';

const RESULTS = 'test-results';
const NOTHING_RAN: Counts = { passed: 0, failed: 1, skipped: 0, failures: ['nothing ran: see its output above'] };
const SUITES: Readonly<Record<string, () => Counts>> = {
  unit: () => vitest('unit'),
  gpu: () => vitest('gpu'),
  e2e: () => playwright('e2e', [...['long', 'swarm', 'page'].map((name) => `--project=${name}`), '--workers=3']),
  'e2e-alone': () => playwright('e2e', ['--project=alone', '--output=test-results/e2e-alone']),
  firefox,
};

/** Whether the page could be built, which is once for all that need it. */
let built: boolean | undefined;

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in SUITES));
if (unknown.length > 0)
  throw new Error(`There is no suite "${unknown[0]}": choose from ${Object.keys(SUITES).join(', ')}.`);

rmSync(RESULTS, { recursive: true, force: true });
mkdirSync(RESULTS);
const { env } = await findBrowser();
Object.assign(process.env, env, COMPILE_CACHE);
await ensureDefaultModel();
if (chosen.length === 0 || chosen.includes('unit')) await fetchSecondModel();

const total = { passed: 0, failed: 0, skipped: 0 };
const failures: string[] = [];
for (const [name, run] of Object.entries(SUITES)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const startedAtMs = Date.now();
  const counts = run();
  console.log(
    `${name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${Math.round((Date.now() - startedAtMs) / 1000)} s\n`,
  );
  for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += counts[key];
  for (const failure of counts.failures) failures.push(`${name}: ${failure}`);
}
// A run in which nothing ran has shown nothing.
if (total.passed === 0) total.failed++;
// Once more, where the end of a long log shows them.
for (const failure of failures) console.log(`FAILED ${failure}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed > 0 ? 1 : 0);

/** Half a gigabyte, for one test of other tensor types and another architecture: without it that test is skipped. */
async function fetchSecondModel(): Promise<void> {
  const model = findInCatalogue('qwen2.5-coder-0.5b');
  await ensureModel(model).catch((error: unknown) => {
    console.log(`!!! ${model.name} COULD NOT BE HAD: it is not tested. !!!\n${error}`);
  });
}

function vitest(project: string): Counts {
  const file = `${RESULTS}/${project}.json`;
  const status = run('vitest', [
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ]);
  return counted(status, readVitestReport(file));
}

function firefox(): Counts {
  if (findFirefox()) return playwright('firefox', ['-c', 'playwright.firefox.config.ts']);
  const line = '!!! NO FIREFOX FOUND: nothing was tested in it. Install one (apt-get install firefox-esr). !!!';
  const frame = '!'.repeat(line.length);
  console.log(`${frame}\n${line}\n${frame}`);
  // Who names the suite wants it run.
  return { passed: 0, failed: chosen.includes('firefox') ? 1 : 0, skipped: 1, failures: [] };
}

/** @param report - the name of the configuration's report */
function playwright(report: string, options: readonly string[]): Counts {
  built ??= run('vite', ['build', '--logLevel', 'warn']) === 0;
  if (!built) return NOTHING_RAN;
  const file = `${RESULTS}/${report}.json`;
  rmSync(file, { force: true });
  const status = run('playwright', ['test', ...options]);
  return counted(status, readPlaywrightReport(file));
}

/** What a report says, and one failure more where the runner says that it failed and its report does not. */
function counted(status: number, report: Counts | undefined): Counts {
  if (!report) return NOTHING_RAN;
  return { ...report, failed: Math.max(report.failed, status === 0 ? 0 : 1) };
}

function run(tool: string, args: readonly string[]): number {
  return spawnSync(process.execPath, [toolPath(tool), ...args], { stdio: 'inherit' }).status ?? 1;
}

/** Tools run on this very Node rather than on whichever comes first in PATH. */
function toolPath(tool: string): string {
  const manifest = JSON.parse(readFileSync(`node_modules/${tool}/package.json`, 'utf8')) as {
    bin: string | Record<string, string>;
  };
  const bin = typeof manifest.bin === 'string' ? manifest.bin : manifest.bin[tool];
  return `node_modules/${tool}/${bin}`;
}
