// Runs every test on this machine and ends with one line: `N passed, N failed`.
//   node tests/run.ts [unit] [gpu] [page] [e2e] [e2e-alone] [firefox]      all of them when none is named
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { findBrowser } from '../cli/browser.ts';
import { findInCatalogue } from '../cli/catalogue.ts';
import { ensureDefaultModel, ensureModel } from '../cli/model-source.ts';
import { findFirefox } from './firefox/support/find-firefox.ts';
import { COMPILE_CACHE } from './support/compile-cache.ts';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  readonly numPendingTests: number;
}

interface PlaywrightReport {
  readonly stats: {
    readonly expected: number;
    readonly unexpected: number;
    readonly flaky: number;
    readonly skipped: number;
  };
}

const RESULTS = 'test-results';
const SUITES: Readonly<Record<string, () => Counts>> = {
  unit: () => vitest('unit'),
  gpu: () => vitest('gpu'),
  page: () => playwright('e2e', ['-c', 'playwright.config.ts', '--project=page', '--workers=2']),
  e2e: () => playwright('e2e', ['-c', 'playwright.config.ts', '--project=swarm', '--workers=2']),
  'e2e-alone': () => playwright('e2e', ['-c', 'playwright.config.ts', '--project=alone']),
  firefox,
};

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

const total: Counts = { passed: 0, failed: 0, skipped: 0 };
for (const [name, run] of Object.entries(SUITES)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const startedAtMs = Date.now();
  const counts = run();
  console.log(
    `${name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${Math.round((Date.now() - startedAtMs) / 1000)} s\n`,
  );
  for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += counts[key];
}
// A run in which nothing ran has shown nothing.
if (total.passed === 0) total.failed++;
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
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
  const report = JSON.parse(readFileSync(file, 'utf8')) as VitestReport;
  const failed = Math.max(report.numFailedTests, report.numFailedTestSuites > 0 ? 1 : 0, status === 0 ? 0 : 1);
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests };
}

function firefox(): Counts {
  if (findFirefox()) return playwright('firefox', ['-c', 'playwright.firefox.config.ts']);
  const line = '!!! NO FIREFOX FOUND: nothing was tested in it. Install one (apt-get install firefox-esr). !!!';
  const frame = '!'.repeat(line.length);
  console.log(`${frame}\n${line}\n${frame}`);
  // Who names the suite wants it run.
  return { passed: 0, failed: chosen.includes('firefox') ? 1 : 0, skipped: 1 };
}

/** @param report - the name of the configuration's report */
function playwright(report: string, options: readonly string[]): Counts {
  if (run('vite', ['build', '--logLevel', 'warn']) !== 0) return { passed: 0, failed: 1, skipped: 0 };
  const file = `${RESULTS}/${report}.json`;
  rmSync(file, { force: true });
  const status = run('playwright', ['test', ...options]);
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
  const { stats } = JSON.parse(readFileSync(file, 'utf8')) as PlaywrightReport;
  if (stats.flaky > 0) console.log(`${stats.flaky} passed only when tried again`);
  return {
    passed: stats.expected + stats.flaky,
    failed: Math.max(stats.unexpected, status === 0 ? 0 : 1),
    skipped: stats.skipped,
  };
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
