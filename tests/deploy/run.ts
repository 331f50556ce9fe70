// Does what the Containerfile says in folders instead of containers, and runs what comes out of it: a server, and a node
// that serves in its swarm. Each must be well, and end at SIGTERM in time with status 0. As root on Linux:
//   npm run test:deploy
import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeTinyModel } from '../fixtures/tiny-model.ts';
import { commandOf, environmentOf, readContainerfile } from './containerfile.ts';
import { Image, removeFolder } from './image.ts';

/** Also with tabs connected; a container's engine kills after ten seconds. */
const STOP_TIMEOUT_MS = 5000;
const START_TIMEOUT_MS = 120_000;

if (process.platform !== 'linux' || process.getuid?.() !== 0) throw new Error('Run this as root on Linux.');
const folder = mkdtempSync(join(tmpdir(), 'shoal-image-'));
const running: ChildProcess[] = [];
try {
  const context = join(folder, 'context');
  mkdirSync(context);
  // What a fresh clone has, with what has been changed since.
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  execFileSync('tar', ['--create', '--null', '--files-from=-', `--file=${folder}/context.tar`], { input: files });
  execFileSync('tar', ['--extract', `--directory=${context}`, `--file=${folder}/context.tar`]);
  const stages = readContainerfile(join(context, 'deploy/Containerfile'));
  const images = new Map<string, Image>();
  for (const name of ['page', 'packages', 'server', 'node']) {
    console.log(`${name}:`);
    images.set(name, Image.build(stages, name, folder, context));
  }
  const server = images.get('server')!;
  writeFileSync(join(server.root, 'data/tiny.gguf'), makeTinyModel({ layerCount: 4, type: 'Q4_1' }));
  const serving = start(server, ['--model', '/data/tiny.gguf', '--shards', '2']);
  await well(server, serving);
  const page = await fetch('http://127.0.0.1:8787/');
  expect(page.ok && (await page.text()).includes('<script'), 'The server gives the page.');
  const node = images.get('node')!;
  const nodeRuns = start(node, ['--server', 'http://127.0.0.1:8787', '--shards', 'all']);
  await well(node, nodeRuns);
  await stop(nodeRuns, 'The node');
  await stop(serving, 'The server');
  // Its key and its shards are where the volume is.
  const again = start(server, ['--model', '/data/tiny.gguf', '--shards', '2']);
  await well(server, again);
  await stop(again, 'The server that was started again');
  console.log('✓ server and node run from the image, and end in time');
} finally {
  for (const child of running) child.kill('SIGKILL');
  removeFolder(folder);
}

interface Run {
  readonly child: ChildProcess;
  output: string;
}

function start(image: Image, options: readonly string[]): Run {
  // A container's engine puts a process of its own in front, where `tini` is not needed.
  const entry = commandOf(image.instructions, 'ENTRYPOINT').filter(
    (word, at, all) => !(word === 'tini' || (word === '--' && all[at - 1] === 'tini')),
  );
  const run = { child: image.start([...entry, ...options]), output: '' };
  running.push(run.child);
  for (const stream of [run.child.stdout, run.child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      run.output += chunk.toString();
    });
  }
  return run;
}

/** By the image's own check. */
async function well(image: Image, run: Run): Promise<void> {
  const check = commandOf(image.instructions, 'HEALTHCHECK');
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const [status] = await once(image.start(check), 'exit');
    if (status === 0) break;
    expect(run.child.exitCode === null && Date.now() < deadline, `It is well in time:\n${run.output}`);
    await sleep(500);
  }
  console.log(`  well at ${environmentOf(image.instructions).SHOAL_HEALTH}`);
}

async function stop({ child, output }: Run, name: string): Promise<void> {
  const startedAtMs = Date.now();
  const late = sleep(STOP_TIMEOUT_MS, ['nothing'], { ref: false });
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const [status] = await Promise.race([exited, late]);
  expect(status === 0, `${name} ends with status 0 within ${STOP_TIMEOUT_MS} ms, found ${status}:\n${output}`);
  console.log(`  ${name} ended in ${Date.now() - startedAtMs} ms`);
}

function expect(holds: boolean, claim: string): void {
  if (!holds) throw new Error(`Not so: ${claim}`);
}
