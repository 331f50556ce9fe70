import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { readMetric } from '../support/read-metric.ts';
import { ask } from './support/asking.ts';
import { killRenderers } from './support/processes.ts';
import { expectSwarmReady, openTab } from './support/tab.ts';
import { startTinyServer, type TinyServer } from './support/tiny-server.ts';

// `shoal node` as a process: it serves without a window, comes back to its place, and says how it is.

test.describe.configure({ mode: 'serial' });

interface NodeProcess {
  readonly child: ChildProcess;
  output(): string;
  /** Of its health. */
  url(): string;
}

let server: TinyServer;
const folder = mkdtempSync(join(tmpdir(), 'shoal-node-'));
const running: NodeProcess[] = [];

test.beforeAll(async () => {
  server = await startTinyServer();
});

test.afterAll(async () => {
  await Promise.all(running.map(stop));
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

function start(name: string, ...args: string[]): NodeProcess {
  const options = ['--server', server.url, '--data', join(folder, name), '--health', '0', '--log', 'info', ...args];
  const child = spawn(process.execPath, ['cli/shoal.ts', 'node', ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const node = { child, output: () => output, url: () => /told at (\S+)\/healthz/.exec(output)?.[1] ?? '' };
  running.push(node);
  return node;
}

async function untilServing(node: NodeProcess): Promise<void> {
  await expect.poll(() => node.output(), { timeout: 120_000 }).toContain("Shoal's node is serving.");
}

async function stop({ child }: NodeProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  return (await exited)[0] as number | null;
}

test('two nodes without a window hold the model together, and answer a guest', async ({ browser }) => {
  const first = start('first', '--shards', '0,1', '--name', 'Cupboard');
  const second = start('second', '--shards', '2,3');
  await Promise.all([first, second].map(untilServing));
  const guest = await openTab(browser, server.url);
  await expectSwarmReady(guest.page);
  expect(await ask(guest)).not.toMatch(/^error/);
  await expect(guest.page.getByText('Cupboard').first()).toBeVisible();
  expect(await (await fetch(`${first.url()}/healthz`)).json()).toMatchObject({
    status: 'ok',
    ready: [0, 1],
    model: 'tiny',
  });
  expect(await readMetric(first.url(), 'shoal_node_shards')).toBe(2);
  expect(await readMetric(second.url(), 'shoal_node_tasks_done')).toBeGreaterThan(0);
  await guest.context.close();
});

test('one that is started again takes its place from its storage, and one whose tab crashes opens another', async () => {
  const [, second] = running as [NodeProcess, NodeProcess];
  expect(await stop(second)).toBe(0);
  const sent = () => readMetric(server.url, 'shoal_sent_bytes_total{kind="models"}');
  const before = await sent();
  const again = start('second');
  await untilServing(again);
  expect(again.output()).toContain('serves shards 2, 3 of tiny');
  // The manifest, and the torrents.
  expect((await sent()) - before).toBeLessThan(20_000);
  killRenderers(again.child.pid!);
  await expect.poll(() => again.output(), { timeout: 60_000 }).toContain('opening it again');
  const health = async () => (await fetch(`${again.url()}/healthz`)).status;
  await expect.poll(health, { timeout: 120_000 }).toBe(200);
});

test('says what is wrong with what it was asked', async () => {
  for (const [args, words] of [
    [['--shards', '9'], 'shards 0 to 3'],
    [['--shards', 'some'], 'expected auto, all, or numbers'],
    [['--memory', 'much'], 'expected e.g.'],
  ] as const) {
    const node = start('other', ...args);
    const [status] = await once(node.child, 'exit');
    expect(status).toBe(2);
    expect(node.output()).toContain(words);
  }
  const twin = start('first');
  const [status] = await once(twin.child, 'exit');
  expect([status, twin.output().includes('is used by another node')]).toEqual([2, true]);
});
