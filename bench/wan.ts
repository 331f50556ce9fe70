import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import type { WireSetting } from '../src/app/app-model.ts';
import type { Lap } from '../src/swarm/coordinator/generation.ts';
import { startServer } from '../tests/e2e/support/server.ts';
import { expectSwarmReady } from '../tests/e2e/support/tab.ts';
import { makeTinyModel } from '../tests/fixtures/tiny-model.ts';
import { decode } from './decode.ts';
import { computeMs } from './hop.ts';
import { prefill } from './prefill.ts';
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
/** A home's way out, which a prompt of wide rows keeps busy for seconds. */
const SLOW = { roundTripMs: 20, loss: 0, rateMbit: 10 };
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
    const bench = { lab, plan, folder };
    return [
      await withModel(bench, plan.model, (net) => benchRoutes(net, 'the model above')),
      ...(await withModel(bench, wideModel(), async (net) => [
        await benchRoutes(net, `C = ${WIDE}, made up`),
        await benchTurns(net, `C = ${WIDE}, made up`),
      ])),
    ];
  } finally {
    await lab.close();
    await rm(folder, { recursive: true });
  }
}

/** Browsers on hosts of their own, and a server that they reach. */
interface Net {
  readonly lab: NetLab;
  readonly plan: Plan;
  readonly url: string;
  /** The guest's, and four nodes'. */
  readonly browsers: readonly Browser[];
}

/** Serves the model, the default one when there is none, on a host of its own while `measure` runs. */
async function withModel<T>(
  { lab, plan, folder }: { readonly lab: NetLab; readonly plan: Plan; readonly folder: string },
  model: Uint8Array | undefined,
  measure: (net: Net) => Promise<T>,
): Promise<T> {
  const data = await mkdtemp(join(folder, 'data-'));
  const file = join(data, 'model.gguf');
  if (model) await writeFile(file, model);
  const options = [...(model ? ['--model', file, '--data', data] : []), '--host', lab.address(SERVER_HOST)];
  const server = await startServer([...options, '--port', `${PORT}`], lab.on(SERVER_HOST));
  const flags = [
    // WebGPU, hashing and threads want a secure context, which a plain address is by this name alone.
    `--host-resolver-rules=MAP localhost ${lab.address(SERVER_HOST)}`,
    // Names in place of addresses are resolved by multicast, which takes its time.
    '--disable-features=WebRtcHideLocalIpsWithMdns',
  ];
  const browsers: Browser[] = [];
  try {
    for (let host = GUEST_HOST; host < HOSTS; host++) browsers.push(await lab.launch(host, flags));
    return await measure({ lab, plan, browsers, url: `http://localhost:${PORT}` });
  } finally {
    await Promise.all(browsers.map((browser) => browser.close()));
    await server.stop();
  }
}

async function benchRoutes(net: Net, what: string): Promise<Table> {
  const rows: Row[] = [];
  for (const shards of ROUTES) {
    announceStep(`${shards.length} stages, each on a host of its own`);
    const { guest, close } = await openRoute(net, shards);
    for (const path of net.plan.paths) {
      net.lab.set(path);
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      rows.push(await benchPath(guest, net.plan, path, shards.length));
    }
    await close();
  }
  const columns = ['floor, ms', ...FIGURES, ...FIGURES.map((figure) => `8-bit: ${figure}`)];
  return { title: `Far apart, ${what}`, columns, rows };
}

/** One session's laps alone, and while another's prompts go the same way over links that they keep busy. */
async function benchTurns(net: Net, what: string): Promise<Table> {
  announceStep("Beside another session's prompt");
  const [shards] = ROUTES;
  const { guest, close } = await openRoute(net, shards);
  const other = await new BenchTabs(net.browsers.at(-1)!, net.url, { runner: 'cpu' }).open();
  await expectSwarmReady(other.page);
  const tokens = Math.max(...net.plan.promptTokens);
  await prefill(other.page, tokens, 0);
  net.lab.set(SLOW);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const alone = await decode(guest, net.plan.wanTokens);
  let done = false;
  const prompts = (async () => {
    for (let run = 1; !done; run++) await prefill(other.page, tokens, run);
  })();
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const beside = await decode(guest, net.plan.wanTokens);
  done = true;
  await prompts;
  await other.context.close();
  await close();
  const lapMs = (share: number) =>
    [alone, beside].map(({ laps }) =>
      quantileOf(
        laps.map(({ totalMs }) => totalMs),
        share,
      ),
    );
  return {
    title: `Beside another session's prompts, ${what}, ${shards.length} stages, ${SLOW.roundTripMs} ms, ${SLOW.rateMbit} Mbit/s`,
    columns: ['alone', 'beside prompts'],
    rows: [
      { what: 'Lap', unit: 'ms', cells: lapMs(0.5) },
      { what: '90 % within', unit: 'ms', cells: lapMs(0.9) },
    ],
  };
}

/** Opens the nodes and a guest, and warms them up, on a network without delay. */
async function openRoute({ lab, plan, url, browsers }: Net, shards: readonly (readonly number[])[]) {
  const [guestBrowser, ...nodeBrowsers] = browsers;
  lab.set({ roundTripMs: 0, loss: 0 });
  const tabs = await Promise.all([
    ...shards.map((held, index) => new BenchTabs(nodeBrowsers[index]!, url, { runner: 'cpu' }).openNode(held)),
    new BenchTabs(guestBrowser!, url, { runner: 'cpu' }).open(),
  ]);
  const guest = tabs.at(-1)!.page;
  await expectSwarmReady(guest);
  await decode(guest, plan.wanTokens);
  const close = async () => {
    lab.set({ roundTripMs: 0, loss: 0 });
    for (const { context } of tabs) await context.close();
  };
  return { guest, close };
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
  return makeTinyModel({
    width: WIDE,
    feedForwardWidth: 64,
    headCount: 2,
    kvHeadCount: 1,
    headSize: 32,
    contextLength: 1024,
  });
}
