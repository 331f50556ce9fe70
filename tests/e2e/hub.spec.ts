import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { splitIntoFolder } from '../../cli/shard-folder.ts';
import { rememberSource } from '../../cli/shard-folder-stamp.ts';
import { parseGguf } from '../../src/gguf/read.ts';
import type { Manifest } from '../../src/protocol/manifest.ts';
import { LAYER_SPLIT } from '../../src/protocol/model-source.ts';
import { makeTinyModel } from '../fixtures/tiny-model.ts';
import { type HubServer, startHub } from './support/hub-server.ts';
import { type PathProxy, startPathProxy } from './support/path-proxy.ts';
import { type ServerProcess, startServer } from './support/server.ts';
import { expectShardState, expectSwarmReady, joinWith, openTab, withSettings } from './support/tab.ts';

// A shard that nobody in the swarm gives comes from where the model's whole file lies.

/** Some pieces a shard. */
const MODEL = makeTinyModel({ type: 'Q4_1', layerCount: 8, width: 256, feedForwardWidth: 512 });
const FOLDER = mkdtempSync(join(tmpdir(), 'shoal-hub-'));
const MODEL_FILE = join(FOLDER, 'tiny.gguf');
const FILE = parseGguf(MODEL, 'tiny.gguf', MODEL.length);
const SHARD = 1;

let hub: HubServer;
let server: ServerProcess;
/** The same server, which gives all but the shards. */
let withoutShards: PathProxy;
/** Neither these nor their torrents, so that nobody tells what pieces must be. */
let withoutTorrents: PathProxy;
let manifest: Manifest;
test.beforeAll(async () => {
  writeFileSync(MODEL_FILE, MODEL);
  hub = await startHub(MODEL, FOLDER, FILE.headerBytes);
  const directory = join(FOLDER, 'shards', 'tiny');
  const source = { split: LAYER_SPLIT, files: [{ url: hub.url, sizeBytes: MODEL.length }] };
  ({ manifest } = await splitIntoFolder(MODEL_FILE, { name: 'tiny', shardCount: 4, directory, source }));
  await rememberSource(directory, { modelFile: MODEL_FILE }, manifest);
  server = await startServer(['--model', MODEL_FILE, '--data', FOLDER]);
  withoutShards = await startPathProxy(false, /\/shard-\d+\.gguf$/);
  withoutTorrents = await startPathProxy(false, /\/shard-\d+\.(gguf|torrent)$/);
  for (const proxy of [withoutShards, withoutTorrents]) proxy.target(server.url);
});
test.afterAll(async () => {
  for (const proxy of [withoutShards, withoutTorrents]) proxy.close();
  hub.close();
  await server.stop();
  rmSync(FOLDER, { recursive: true });
});

/** Of the file, where the layers of a shard are. */
function placeOf(shard: number): readonly [start: number, end: number] {
  const { layers } = manifest.shards[shard]!;
  const tensors = FILE.tensors.filter(({ name }) => {
    const layer = Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? -1);
    return layer >= layers.start && layer < layers.end;
  });
  const ends = tensors.map(({ offset, sizeBytes }) => offset + sizeBytes);
  return [Math.min(...tensors.map(({ offset }) => offset)), Math.max(...ends)];
}

/** Joins with the shard that only the hub may have, and does not wait for it. */
async function joinForHub(page: Page): Promise<void> {
  await page.getByTestId(`shard-${SHARD}-pick`).check({ timeout: 60_000 });
  await page.getByTestId('join').click();
}

function ask(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const { choices } = await window.shoal.engine.completions.create({ prompt: 'abc', max_tokens: 8, temperature: 0 });
    return choices[0]!.text;
  });
}

test('a shard that nobody has comes from the hub, its bytes alone, and the swarm answers with it', async ({
  browser,
}) => {
  const tab = await openTab(browser, withoutShards.url);
  await joinWith(tab, [SHARD]);
  const { page } = tab;
  await page.getByTestId(`shard-${SHARD}-about`).click();
  await expect(page.getByTestId(`shard-${SHARD}-details`)).toContainText(`From ${new URL(hub.url).host}`);
  expect(tab.console.join('\n')).toContain('nobody who is there has what is missing; asking 127.0.0.1');

  const { sizeBytes, headerBytes } = manifest.shards[SHARD]!;
  const [start, end] = placeOf(SHARD);
  const bytes = hub.asked.reduce((sum, [from, to]) => sum + to - from, 0);
  // The header is as long as those of its shards together, about, and a bit is read with it.
  const header = manifest.shards.reduce((sum, shard) => sum + shard.headerBytes, 64 * 1024);
  expect(bytes).toBeLessThan(1.2 * sizeBytes + header);
  expect(bytes).toBeGreaterThan(sizeBytes - headerBytes);
  // Of the first shard, a prompt's tokenizer may need the header; nothing beyond these is asked for.
  const pieces = Math.ceil(manifest.shards[0]!.headerBytes / manifest.pieceLength) * manifest.pieceLength;
  for (const [from, to] of hub.asked)
    expect(to <= Math.max(header, FILE.headerBytes + pieces) || (from >= start && to <= end)).toBe(true);
  // Nobody is told who asks, and why.
  for (const { cookie, referer, authorization } of hub.headers)
    expect([cookie, referer, authorization]).toEqual([undefined, undefined, undefined]);

  // The others come from the server, by another tab.
  const other = await openTab(browser, server.url);
  await joinWith(
    other,
    [0, 1, 2, 3].filter((shard) => shard !== SHARD),
  );
  await expectSwarmReady(page);
  const text = await ask(page);
  expect(text).not.toBe('');
  const whole = await openTab(browser, server.url);
  await whole.page.getByTestId('run-all').click();
  await expectShardState(whole.page, SHARD, 'ready');
  expect(await ask(whole.page)).toBe(text);
  await Promise.all([tab, other, whole].map(({ context }) => context.close()));
});

test('a hub that lies is left, the page says so, and a tab that comes later gives the shard', async ({ browser }) => {
  hub.state = 'spoilt';
  const tab = await openTab(browser, withoutShards.url);
  const { page } = tab;
  await joinForHub(page);
  await page.getByTestId(`shard-${SHARD}-about`).click();
  const note = page.getByTestId(`shard-${SHARD}-hub`);
  await expect(note).toContainText('Where nobody in the swarm has it, it comes from 127.0.0.1');
  await expect(note).toHaveAttribute('data-state', 'refused', { timeout: 60_000 });
  await expect(note).toContainText('gives wrong bytes. It is not asked any more; this tab waits for other tabs.');
  await expect.poll(() => tab.console.join('\n')).toContain('gives other bytes than the manifest names');
  await expectShardState(page, SHARD, 'downloading');
  const asked = hub.asked.length;

  const later = await openTab(browser, server.url);
  await joinWith(later, [SHARD]);
  await expectShardState(page, SHARD, 'ready');
  expect(hub.asked).toHaveLength(asked);
  await Promise.all([tab, later].map(({ context }) => context.close()));
});

test('a hub is not asked where the person does not want it, and at once when they do', async ({ browser }) => {
  hub.state = 'good';
  const asked = hub.asked.length;
  const tab = await openTab(browser, withoutShards.url, withSettings({ hub: 'never' }));
  const { page } = tab;
  await joinForHub(page);
  await page.getByTestId(`shard-${SHARD}-about`).click();
  await expect(page.getByTestId(`shard-${SHARD}-hub`)).toContainText('It is not asked, as your settings say');
  await page.waitForTimeout(12_000);
  expect(hub.asked).toHaveLength(asked);
  await page.getByTestId('settings').click();
  await page.getByTestId('hub').selectOption('open');
  await expectShardState(page, SHARD, 'ready');
  await tab.context.close();
});

test('a shard whose torrent nobody has comes from the hub as a whole, over a reload, and other tabs get it', async ({
  browser,
}) => {
  hub.state = 'good';
  const before = hub.asked.length;
  // The file's header, and a piece.
  hub.patience = before + 2;
  const tab = await openTab(browser, withoutTorrents.url);
  const { page } = tab;
  await joinForHub(page);
  await expect.poll(() => hub.refusals, { timeout: 60_000 }).toBeGreaterThan(0);
  hub.patience = Number.POSITIVE_INFINITY;
  await page.reload();
  await expectShardState(page, SHARD, 'ready');
  // Nothing of the shard twice; each page reads the file's header.
  const [start, end] = placeOf(SHARD);
  const parts = hub.asked.slice(before).map(([from, to]) => Math.min(to, end) - Math.max(from, start));
  expect(parts.reduce((sum, bytes) => sum + Math.max(0, bytes), 0)).toBe(end - start);

  const asked = hub.asked.length;
  const other = await openTab(browser, withoutTorrents.url);
  await joinWith(other, [SHARD]);
  expect(hub.asked).toHaveLength(asked);
  await Promise.all([tab, other].map(({ context }) => context.close()));
});

test('a hub that lies where nobody has the torrent is left, and nothing of it stays', async ({ browser }) => {
  hub.state = 'spoilt';
  const tab = await openTab(browser, withoutTorrents.url);
  const { page } = tab;
  await joinForHub(page);
  await page.getByTestId(`shard-${SHARD}-about`).click();
  await expect(page.getByTestId(`shard-${SHARD}-hub`)).toHaveAttribute('data-state', 'refused', { timeout: 60_000 });
  await expect(page.getByTestId(`shard-${SHARD}-hub`)).toContainText('gives wrong bytes');
  const later = await openTab(browser, server.url);
  await joinWith(later, [SHARD]);
  await expectShardState(page, SHARD, 'ready');
  await Promise.all([tab, later].map(({ context }) => context.close()));
});
