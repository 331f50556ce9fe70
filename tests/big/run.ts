// The model that Shoal was made for, at its size, as people run it: four browsers with profiles on disk, a shard each.
//   npm run test:big [MODEL.gguf]     by hand: some minutes, 4 GB of disk; a coder writes ten functions besides
import { spawnSync } from 'node:child_process';
import { openAsBlob } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ensureDefaultModel } from '../../cli/model-source.ts';
import { decodeManifest } from '../../src/protocol/manifest.ts';
import { modelName } from '../../src/store/publish/publish.ts';
import { startServer } from '../e2e/support/server.ts';
import { type Asked, ask } from './ask.ts';
import { CODING_PROMPTS, passes, writeCode } from './coding.ts';
import { measureFloor } from './floor.ts';
import { ProfileTab } from './profile-tab.ts';
import { ensureSeedModel } from './seed-model.ts';
import { printTable, type TableRow } from './table.ts';

const SHARDS = 4;
const READY_GOAL_S = 90;
const FIRST_TOKEN_GOAL_S = 15;
/** KV pages of eight layers that a first conversation may take. */
const KV_MIB = 32;
/** Beside a shard and its KV pages. */
const TAB_MEMORY_GOAL_MIB = 160;
const FLOOR_GOAL = 2;
const ANSWER_TOKENS = 16;
const SETTINGS = { spreadModel: true, acceptRemoteLoads: true, temperature: 0 };
const DATA = 'models_cache/big';

const rows: TableRow[] = [];
const failures: string[] = [];
/** Seconds, measured first. */
let aloneFloorS = 0;
let togetherFloorS: number[] = [];
const started = performance.now();

const model = process.argv[2] ?? `${DATA}/seed-size.gguf`;
if (!process.argv[2]) await ensureSeedModel(model, await openAsBlob(await ensureDefaultModel()));
await mkdir(DATA, { recursive: true });
step('starting the server, which splits the model unless it has');
run('vite', ['build', '--logLevel', 'warn']);
const serverAtMs = performance.now();
const server = await startServer(['--model', model, '--shards', String(SHARDS), '--data', DATA]);
rows.push({ what: 'Server ready', unit: 's', cells: [(performance.now() - serverAtMs) / 1000] });
const manifestFile = join(DATA, 'shards', modelName(basename(model)), 'manifest.json');
const { shards, name, pieceLength } = decodeManifest(await readFile(manifestFile));
rows.push({ what: 'Size of the shards', unit: 'MB', cells: shards.map(({ sizeBytes }) => sizeBytes / 1e6) });
rows.push({ what: 'Pieces', unit: '', cells: shards.map(({ sizeBytes }) => Math.ceil(sizeBytes / pieceLength)) });
const profiles = await mkdtemp(join(tmpdir(), 'shoal-big-'));
let tabs: ProfileTab[] = [];
try {
  await floors();
  await load('Alone: shard 1', [1]);
  await load('Four at once', [0, 1, 2, 3]);
  const first = await answer('First answer', 0);
  expectAtMost('first token', first.firstTokenS, FIRST_TOKEN_GOAL_S, 's');
  for (const [index, tab] of tabs.entries()) {
    const limit = shards[index]!.sizeBytes / 2 ** 20 + KV_MIB + TAB_MEMORY_GOAL_MIB;
    expectAtMost(`memory of the tab with shard ${index}`, tab.peakMiB, limit, 'MiB');
  }
  rows.push({ what: 'Peak of the tab', unit: 'MiB', cells: tabs.map(({ peakMiB }) => peakMiB) });
  const second = await answer('Second answer, a stage killed', 3, () => tabs[1]!.crash());
  if (second.text !== first.text) failures.push(`the answers differ: ${first.text} | ${second.text}`);
  await reopen();
  const third = await answer('Answer after reopening', 2);
  if (third.text !== first.text) failures.push('the answer after reopening differs');
  verify();
  if (/coder/i.test(name)) await coding();
} catch (error) {
  failures.push(error instanceof Error ? error.message : String(error));
  for (const [index, tab] of tabs.entries())
    console.log(`tab ${index}:\n  ${tab.browser.console.slice(-25).join('\n  ')}`);
} finally {
  await Promise.allSettled(tabs.map((tab) => tab.close()));
  await server.stop();
  await rm(profiles, { recursive: true, force: true });
}

console.log(`\n${cpus()[0]?.model}, ${cpus().length} processors; ${name}\n`);
printTable(['shard 0', 'shard 1', 'shard 2', 'shard 3'], rows);
for (const failure of failures) console.log(`✗ ${failure}`);
console.log(failures.length === 0 ? '✓ all goals met' : `${failures.length} goals missed`);
process.exitCode = failures.length === 0 ? 0 : 1;

function step(text: string): void {
  console.log(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${text}`);
}

function run(tool: string, args: readonly string[]): number {
  return spawnSync('npx', [tool, ...args], { stdio: 'inherit' }).status ?? 1;
}

function expectAtMost(what: string, found: number, most: number, unit: string): void {
  if (!(found <= most)) failures.push(`${what}: ${found.toFixed(1)} ${unit}, at most ${most.toFixed(1)} wanted`);
}

async function openTabs(indexes: readonly number[]): Promise<void> {
  tabs = await Promise.all(
    indexes.map((index) => ProfileTab.open(join(profiles, `profile-${index}`), server.url, SETTINGS)),
  );
}

async function closeTabs(): Promise<void> {
  await Promise.all(tabs.splice(0).map((tab) => tab.close()));
}

async function floors(): Promise<void> {
  step('measuring the floor: fetch, hashes, and records of 4 MiB');
  await openTabs([0, 1, 2, 3]);
  const url = (index: number) => `${server.url}/models/${name}/${shards[index]!.fileName}`;
  const floor = (index: number) => measureFloor(tabs[index]!, url(index), shards[index]!.sizeBytes);
  aloneFloorS = await floor(1);
  togetherFloorS = await Promise.all([0, 1, 2, 3].map(floor));
  rows.push({ what: 'Floor, alone', unit: 's', cells: [undefined, aloneFloorS] });
  rows.push({ what: 'Floor, four at once', unit: 's', cells: togetherFloorS });
  await closeTabs();
  await rm(profiles, { recursive: true, force: true });
}

/** Opens fresh tabs that join with a shard each. */
async function load(what: string, indexes: readonly number[]): Promise<void> {
  step(`${what}: fresh profiles fetch and load`);
  await openTabs(indexes);
  const steps = await Promise.all(
    tabs.map(async (tab, at) => {
      await tab.join(indexes[at]!);
      if (indexes.length === SHARDS) return tab.untilReady(indexes[at]!);
      return tab.untilServing(indexes[at]!);
    }),
  );
  const cells = (from: string, to: string) =>
    Array.from({ length: SHARDS }, (_, index) => {
      const at = indexes.indexOf(index);
      const found = steps[at];
      return found && (found[`shard-${index} ${to}`]! - found[`shard-${index} ${from}`]!) / 1000;
    });
  const until = (state: string) =>
    Array.from({ length: SHARDS }, (_, index) => {
      const found = steps[indexes.indexOf(index)]?.[`shard-${index} ${state}`];
      return found === undefined ? undefined : found / 1000;
    });
  rows.push({ what: `${what}: fetched and checked`, unit: 's', cells: cells('downloading', 'loading') });
  rows.push({ what: `${what}: loaded`, unit: 's', cells: cells('loading', 'ready') });
  rows.push({ what: `${what}: ready after opening`, unit: 's', cells: until('ready') });
  for (const index of indexes) {
    const floorS = indexes.length === 1 ? aloneFloorS : togetherFloorS[index]!;
    expectAtMost(
      `${what}: shard ${index} beside its floor`,
      cells('downloading', 'loading')[index]! / floorS,
      FLOOR_GOAL,
      'x',
    );
    expectAtMost(`${what}: shard ${index} ready`, until('ready')[index]!, READY_GOAL_S, 's');
  }
  if (indexes.length < SHARDS) {
    await closeTabs();
    await rm(join(profiles, `profile-${indexes[0]}`), { recursive: true, force: true });
  }
}

async function answer(what: string, from: number, meanwhile?: () => void): Promise<Asked> {
  step(what);
  const asked = await ask(tabs[from]!, ANSWER_TOKENS, meanwhile);
  rows.push({ what: `${what}: first token`, unit: 's', cells: [asked.firstTokenS] });
  rows.push({ what: `${what}: prefill`, unit: 'tokens/s', cells: [asked.promptTokens / asked.firstTokenS] });
  rows.push({ what: `${what}: decode`, unit: 'tokens/s', cells: [asked.tokensPerSecond] });
  if (meanwhile) rows.push({ what: `${what}: longest pause`, unit: 's', cells: [asked.longestPauseS] });
  return asked;
}

async function reopen(): Promise<void> {
  step('reopening every tab from its storage');
  await closeTabs();
  await openTabs([0, 1, 2, 3]);
  const steps = await Promise.all(tabs.map((tab, index) => tab.untilReady(index)));
  rows.push({
    what: 'Reopened: ready',
    unit: 's',
    cells: steps.map((found, index) => found[`shard-${index} ready`]! / 1000),
  });
  rows.push({ what: 'Reopened: peak of the tab', unit: 'MiB', cells: tabs.map(({ peakMiB }) => peakMiB) });
}

async function coding(): Promise<void> {
  step(`${CODING_PROMPTS.length} functions to write`);
  const startedAtMs = performance.now();
  const answers = await writeCode(tabs[2]!);
  const right = answers.map((answer, index) => passes(index, answer));
  rows.push({ what: 'Functions that are right', unit: '', cells: [right.filter(Boolean).length] });
  rows.push({ what: 'All of them written', unit: 's', cells: [(performance.now() - startedAtMs) / 1000] });
  for (const [index, done] of right.entries())
    if (!done) console.log(`wrong: ${CODING_PROMPTS[index]}\n${answers[index]}`);
}

function verify(): void {
  step('npx shoal verify');
  const { status, stdout } = spawnSync(
    process.execPath,
    ['cli/shoal.ts', 'verify', '--server', server.url, '--data', DATA],
    { encoding: 'utf8' },
  );
  if (status !== 0)
    failures.push(
      `verify: ${stdout
        .split('\n')
        .filter((line) => line.includes('✗'))
        .join('; ')}`,
    );
}
