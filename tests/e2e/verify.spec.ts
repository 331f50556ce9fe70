import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, expect, test } from '@playwright/test';
import type { Check } from '../../src/swarm/verify.ts';
import { makeTinyModel } from '../fixtures/tiny-model.ts';
import { type ServerProcess, startServer } from './support/server.ts';
import { expectSwarmReady, joinWith, openTab, type Tab, withSettings } from './support/tab.ts';

// `npx shoal verify` on a swarm of four tabs with a shard each: whole first, then with one thing wrong at a time.

test.describe.configure({ mode: 'serial' });

let dataDir: string;
let server: ServerProcess;
let nodes: Tab[];

test.beforeAll(async ({ browser }) => {
  dataDir = await mkdtemp(join(tmpdir(), 'shoal-verify-'));
  const modelFile = join(dataDir, 'tiny.gguf');
  await writeFile(modelFile, makeTinyModel());
  server = await startServer(['--model', modelFile, '--data', dataDir]);
  nodes = await Promise.all([0, 1, 2, 3].map((shard) => openNode(browser, shard)));
  await expectSwarmReady(nodes[0]!.page);
});

test.afterAll(async () => {
  await Promise.all((nodes ?? []).map(({ context }) => context.close()));
  await server?.stop();
  await rm(dataDir, { recursive: true });
});

/** A tab that serves one shard. */
async function openNode(browser: Browser, shard: number, settings: { registerInDht?: boolean } = {}): Promise<Tab> {
  const tab = await openTab(browser, server.url, withSettings(settings));
  await joinWith(tab, [shard]);
  return tab;
}

/** Runs the command as a person does. */
function verify(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const command = ['cli/shoal.ts', 'verify', '--server', server.url, '--data', dataDir, ...args];
    const { FORCE_COLOR: _, ...env } = process.env;
    execFile(process.execPath, command, { env: { ...env, NO_COLOR: '1' } }, (error, stdout, stderr) =>
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

async function failures(...args: string[]): Promise<readonly Check[]> {
  const { status, stdout, stderr } = await verify('--json', ...args);
  expect(status, stderr).toBe(1);
  return (JSON.parse(stdout) as Check[]).filter(({ passed }) => !passed);
}

/** The tab's name in the swarm, once it has one: a shard may be ready before the swarm is reached. */
const peerId = async ({ page }: Tab): Promise<string> =>
  (await (await page.waitForFunction(() => window.shoal.peerId)).jsonValue()) as string;

test('passes on a whole swarm, from its invite link', async () => {
  const invite = await nodes[0]!.page.getByTestId('invite-link').getAttribute('href');
  const { status, stdout, stderr } = await verify(invite!);
  expect(stdout).not.toContain('✗');
  expect(status, stderr).toBe(0);
  expect(stdout).toMatch(/\d+ passed, 0 failed\n$/);
  for (const shard of [0, 1, 2, 3]) {
    for (const line of [
      `✓ shard-${shard}.gguf (layers ${shard}) at the server`,
      `✓ shard-${shard}.gguf on disk`,
      `✓ Shard ${shard} (layers ${shard}): served`,
      `✓ Shard ${shard} (layers ${shard}): found in the DHT`,
      `✓ EXECUTE_TASK on shard ${shard} `,
    ])
      expect(stdout).toContain(line);
    const short = (await peerId(nodes[shard]!)).slice(-8);
    for (const check of ['GET_CAPABILITIES', 'LIST_FILES', 'Log']) expect(stdout).toContain(`✓ ${check} of ${short}`);
  }
});

test('names a node that withholds its registration in the DHT', async ({ browser }) => {
  const silent = await openNode(browser, 1, { registerInDht: false });
  const short = (await peerId(silent)).slice(-8);
  const failed = await failures();
  expect(failed.map(({ name }) => name)).toEqual(['Shard 1 (layers 1): found in the DHT', `Log of ${short}`]);
  expect(failed[0]?.detail).toContain(`${short} is not registered as a holder`);
  expect(failed[1]?.detail).toContain('Registered torrent file in DHT: shard-1.gguf');
  await silent.context.close();
});

test('names a shard file that was altered on disk', async () => {
  const path = join(dataDir, 'shards/tiny/shard-2.gguf');
  const bytes = await readFile(path);
  const altered = Buffer.from(bytes);
  altered[altered.length >> 1]! ^= 1;
  await writeFile(path, altered);
  const failed = await failures();
  await writeFile(path, bytes);
  expect(failed.map(({ name }) => name)).toEqual(['shard-2.gguf (layers 2) at the server', 'shard-2.gguf on disk']);
  for (const { detail } of failed) expect(detail).toMatch(/shard-2\.gguf is not the manifest's file: its SHA-256 is/);
});

test('names the shard that nobody serves when a node is closed', async () => {
  await nodes[3]!.page.close();
  const failed = await failures('--timeout', '10');
  const names = failed.map(({ name }) => name);
  expect(names).toContain('Shard 3 (layers 3): served');
  expect(failed.find(({ name }) => name === 'A prompt through every shard')?.detail).toMatch(/shard 3 \(layers 3/);
  expect(names).not.toContain('Shard 2 (layers 2): served');
});

test('asks an answer of each of several models, and nothing of one that nobody serves but the first', async ({
  browser,
}) => {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-verify-'));
  const names = ['one', 'two', 'three'];
  for (const [index, name] of names.entries())
    await writeFile(join(folder, `${name}.gguf`), makeTinyModel({ type: 'Q4_1', seed: index + 1 }));
  const models = names.flatMap((name) => ['--model', join(folder, `${name}.gguf`)]);
  const several = await startServer([...models, '--data', folder, '--shards', '2']);
  let tab: Tab | undefined;
  try {
    const { models: served } = await (await fetch(`${several.url}/config.json`)).json();
    tab = await openTab(browser, `${several.url}/#m=${served[1].manifest}`);
    await tab.page.getByTestId('run-all').click();
    await expectSwarmReady(tab.page);
    const { stdout } = await verify('--json', '--server', several.url, '--data', folder, '--timeout', '15');
    const checks = JSON.parse(stdout) as Check[];
    const of = (name: string) => checks.filter((each) => each.name.startsWith(`${name}: `));
    expect(of('one')[0]).toMatchObject({ name: 'one: A new tab sees the swarm', passed: false });
    expect(of('two').filter(({ passed }) => !passed)).toEqual([]);
    for (const name of ['A prompt through every shard', 'EXECUTE_TASK on shard 1'])
      expect(of('two').map((each) => each.name)).toContain(`two: ${name}`);
    expect(of('three')).toEqual([
      { name: 'three: A new tab sees the swarm', passed: true, detail: expect.stringContaining('nobody serves it') },
    ]);
  } finally {
    await tab?.context.close();
    await several.stop();
    await rm(folder, { recursive: true });
  }
});
