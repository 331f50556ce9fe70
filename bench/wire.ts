import type { Lap } from '../src/swarm/coordinator/generation.ts';
import { expectSwarmReady, type Tab } from '../tests/e2e/support/tab.ts';
import { decode } from './decode.ts';
import { meanHopMs, meanWaitMs } from './hop.ts';
import type { Bench } from './parts.ts';
import type { Row, Table } from './report.ts';
import { repeated, summarize } from './support/measure.ts';
import { announceStep } from './support/progress.ts';
import { openRawChannel } from './support/raw-channel.ts';
import { timeTransfer } from './torrent.ts';

/** What travels between neighbouring stages is one f32 row; a middle shard is what travels between tabs. */
const BYTES_PER_ELEMENT = 4;
const SHARD = 1;

/** Shoal's two wires against a plain RTCDataChannel in the same browser: hops of activations, and shards. */
export async function benchWire(bench: Bench): Promise<Table[]> {
  const { browser, tabs, manifest, plan } = bench;
  const rowBytes = manifest.hyperparameters.width * BYTES_PER_ELEMENT;
  const shardBytes = manifest.shards[SHARD]!.sizeBytes;

  const laps = await decodeLaps(bench);
  announceStep('A raw data channel');
  const raw = await openRawChannel(browser, `${tabs.url}/healthz`);
  const roundTrips = await raw.echo(rowBytes, plan.echoes);
  const rawRates: number[] = [];
  for (let index = 0; index < plan.repeats; index++) rawRates.push(shardBytes / 1000 / (await raw.send(shardBytes)));
  await raw.close();

  const hop: Row = {
    what: `One hop of a ${rowBytes}-byte row`,
    unit: 'ms',
    cells: [summarize(laps.map(meanHopMs)), summarize(roundTrips.map((ms) => ms / 2))],
  };
  const wait: Row = { what: 'Of it, waiting for the runner', unit: 'ms', cells: [summarize(laps.map(meanWaitMs))] };
  const transfer: Row = {
    what: `${manifest.shards[SHARD]!.fileName}, ${(shardBytes / 1e6).toFixed(1)} MB`,
    unit: 'MB/s',
    cells: [summarize(await transferRates(bench)), summarize(rawRates)],
  };
  return [{ title: 'Against a raw data channel', columns: ['Shoal', 'raw'], rows: [hop, wait, transfer] }];
}

/** Of answers with a tab for each shard. */
async function decodeLaps({ tabs, manifest, plan }: Bench): Promise<Lap[]> {
  announceStep('Hops between tabs');
  const nodes: Tab[] = [];
  for (const { index } of manifest.shards) nodes.push(await tabs.openNode([index]));
  const { page } = nodes[0]!;
  await expectSwarmReady(page);
  // The first answer opens channels and compiles what is compiled late.
  await decode(page, plan.decodeTokens);
  const runs = await repeated(plan.repeats, () => decode(page, plan.decodeTokens));
  for (const { context } of nodes) await context.close();
  return runs.flatMap(({ laps }) => laps);
}

async function transferRates({ tabs, plan }: Bench): Promise<number[]> {
  announceStep('A shard from tab to tab');
  const seeder = await tabs.openNode([SHARD]);
  const rates: number[] = [];
  for (let index = 0; index < plan.repeats; index++) rates.push(await timeTransfer(tabs, SHARD));
  await seeder.context.close();
  return rates;
}
