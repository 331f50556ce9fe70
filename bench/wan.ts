import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import type { Lap } from '../src/swarm/generation.ts';
import type { WireSetting } from '../src/ui/app-model.ts';
import { startServer } from '../tests/e2e/support/server.ts';
import { expectSwarmReady } from '../tests/e2e/support/tab.ts';
import { makeTinyModel } from '../tests/fixtures/tiny-model.ts';
import { decode } from './decode.ts';
import { computeMs } from './hop.ts';
import type { Row, Table } from './report.ts';
import { quantileOf } from './support/measure.ts';
import { type NetLab, netLabProblem, openNetLab, type PathSettings } from './support/netlab.ts';
import type { Plan } from './support/plan.ts';
import { announceStep } from './support/progress.ts';
import { BenchTabs } from './support/tabs.ts';

/** Who has which shards: two stages, and four. */
const ROUTES = [
  [
    [0, 1],
    [2, 3],
  ],
  [[0], [1], [2], [3]],
] as const;
const SERVER_HOST = 0;
const GUEST_HOST = 1;
const FIRST_NODE_HOST = 2;
const HOSTS = FIRST_NODE_HOST + 4;
const PORT = 8787;
/** A path's heartbeats have measured it after this. */
const SETTLE_MS = 3000;
const WIDE = 4096;
const FIGURES = ['tokens/s', 'lap, ms', '90 % within, ms', 'lap ÷ floor'];

/**
 * Decodes across a network with delay and loss, each tab on a host of its own, prompted from one that holds no shard.
 * Once with the plan's model, and once with one that is 4096 wide and computes next to nothing; exactly, and with leave to
 * round what travels to 8 bits.
 *
 * @returns one table a model, or one that says why there is none
 */
export async function benchWan(plan: Plan): Promise<Table[]> {
  const problem = netLabProblem();
  if (problem) {
    announceStep(`No network with delay and loss: ${problem}`);
    return [{ title: `Far apart: not measured, ${problem}`, columns: [], rows: [] }];
  }
  const folder = await mkdtemp(join(tmpdir(), 'shoal-wan-'));
  const lab = await openNetLab(HOSTS);
  try {
    const tables: Table[] = [];
    for (const [index, model] of [plan.model, wideModel()].entries()) {
      const file = join(folder, `model-${index}.gguf`);
      if (model) await writeFile(file, model);
      const options = model ? ['--model', file, '--data', join(folder, `${index}`)] : [];
      tables.push(await benchModel(lab, plan, index === 0 ? 'the model above' : `C = ${WIDE}, made up`, options));
    }
    return tables;
  } finally {
    await lab.close();
    await rm(folder, { recursive: true });
  }
}

async function benchModel(lab: NetLab, plan: Plan, what: string, options: readonly string[]): Promise<Table> {
  const host = lab.address(SERVER_HOST);
  const server = await startServer([...options, '--host', host, '--port', `${PORT}`], lab.on(SERVER_HOST));
  const flags = [
    // WebGPU, hashing and threads want a secure context.
    `--unsafely-treat-insecure-origin-as-secure=${server.url}`,
    // Names in place of addresses are resolved by multicast, which takes its time.
    '--disable-features=WebRtcHideLocalIpsWithMdns',
  ];
  const browsers: Browser[] = [];
  try {
    for (let index = GUEST_HOST; index < HOSTS; index++) browsers.push(await lab.launch(index, flags));
    const rows: Row[] = [];
    for (const shards of ROUTES) rows.push(...(await benchRoute(lab, plan, browsers, server.url, shards)));
    return {
      title: `Far apart, ${what}`,
      columns: ['floor, ms', ...FIGURES, ...FIGURES.map((figure) => `8-bit: ${figure}`)],
      rows,
    };
  } finally {
    await Promise.all(browsers.map((browser) => browser.close()));
    await server.stop();
  }
}

async function benchRoute(
  lab: NetLab,
  plan: Plan,
  [guestBrowser, ...nodeBrowsers]: readonly Browser[],
  url: string,
  shards: readonly (readonly number[])[],
): Promise<Row[]> {
  announceStep(`${shards.length} stages, each on a host of its own`);
  lab.set({ roundTripMs: 0, loss: 0 });
  const tabs = await Promise.all([
    ...shards.map((held, index) => new BenchTabs(nodeBrowsers[index]!, url, 'cpu').openNode(held)),
    new BenchTabs(guestBrowser!, url, 'cpu').open(),
  ]);
  const guest = tabs.at(-1)!.page;
  await expectSwarmReady(guest);
  await decode(guest, plan.wanTokens);
  const rows: Row[] = [];
  for (const path of plan.paths) {
    lab.set(path);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    rows.push(await benchPath(guest, plan, path, shards.length));
  }
  lab.set({ roundTripMs: 0, loss: 0 });
  for (const { context } of tabs) await context.close();
  return rows;
}

async function benchPath(guest: Page, plan: Plan, path: PathSettings, stages: number): Promise<Row> {
  const what = `${stages} stages, ${path.roundTripMs} ms, ${100 * path.loss} % lost`;
  announceStep(what);
  // The guest holds no stage: there, along the stages, and back.
  const floorMs = (lap: Lap) => computeMs(lap) + ((stages + 1) * path.roundTripMs) / 2;
  const cells: number[] = [];
  for (const wire of ['f32', 'q8'] as const) {
    await permit(guest, wire);
    // The links show what they are like.
    if (wire !== 'f32') await decode(guest, plan.wanTokens / 4);
    const { laps, tokensPerSecond } = await decode(guest, plan.wanTokens);
    const quantile = (share: number, value: (lap: Lap) => number) => quantileOf(laps.map(value), share);
    if (cells.length === 0) cells.push(quantile(0.5, floorMs));
    cells.push(
      tokensPerSecond,
      quantile(0.5, ({ totalMs }) => totalMs),
      quantile(0.9, ({ totalMs }) => totalMs),
      quantile(0.5, (lap) => lap.totalMs / floorMs(lap)),
    );
  }
  return { what, unit: '', cells };
}

/** Sets how hidden states may travel, as a person does. */
async function permit(page: Page, wire: WireSetting): Promise<void> {
  await page.getByTestId('settings').evaluate((panel) => panel.setAttribute('open', ''));
  await page.getByTestId('wire').selectOption(wire);
}

/** Wide rows and small matrices: what travels is like a large model's, what is computed is not. */
function wideModel(): Uint8Array {
  return makeTinyModel({ width: WIDE, feedForwardWidth: 64, headCount: 2, kvHeadCount: 1, headSize: 32 });
}
