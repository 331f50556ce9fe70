import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseIceServer } from '../../../cli/ice-server.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';

let folder: string;
let children: ChildProcess[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-serve-'));
  await writeFile(join(folder, 'tiny.gguf'), makeTinyModel({ layerCount: 4 }));
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

interface Run {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  readonly status: Promise<number | null>;
}

function serve(...options: string[]): Run {
  const child = spawn(process.execPath, ['cli/shoal.ts', 'serve', ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const status = once(child, 'close').then(([code]) => code as number | null);
  return { child, stdout: () => stdout, stderr: () => stderr, status };
}

const tiny = () => [
  '--no-build',
  '--port',
  '0',
  '--model',
  join(folder, 'tiny.gguf'),
  '--data',
  folder,
  '--shards',
  '2',
];

async function readyUrl(run: Run): Promise<string> {
  await expect.poll(() => run.stdout() || run.stderr(), { timeout: 60_000 }).toContain('Shoal is ready: ');
  return /Shoal is ready: (\S+)/.exec(run.stdout())![1]!;
}

describe('shoal serve', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'serves a model and ends cleanly on %s, with connections open',
    async (signal) => {
      const run = serve(...tiny(), '--ice', 'stun:a:1', '--ice', 'turn:me:p%40ss@b');
      const url = await readyUrl(run);
      expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({ status: 'ok', models: [{ name: 'tiny' }] });
      expect(await (await fetch(`${url}/config.json`)).json()).toMatchObject({
        iceServers: [{ urls: 'stun:a:1' }, { urls: 'turn:b', username: 'me', credential: 'p@ss' }],
      });
      const socket = new WebSocket(`${url.replace('http', 'ws')}/announce`);
      await once(socket, 'open');
      run.child.kill(signal);
      // Whoever waited for the connections would wait for ever.
      expect(await run.status).toBe(0);
      expect(run.stdout()).toBe(
        `Shoal is ready: ${url}\nIt works on this machine only. For phones and other machines: npm start -- --host 0.0.0.0 --https\n`,
      );
    },
  );

  it('serves every model that is named, then those that its data folder has', async () => {
    const named = (name: string) => ['--model', join(folder, `${name}.gguf`)];
    for (const [index, name] of ['one', 'two', 'three'].entries())
      await writeFile(join(folder, `${name}.gguf`), makeTinyModel({ layerCount: 4, seed: index + 1 }));
    const served = async (...options: string[]) => {
      const run = serve('--no-build', '--port', '0', '--data', folder, '--shards', '2', ...options);
      const url = await readyUrl(run);
      const { models } = (await (await fetch(`${url}/config.json`)).json()) as { models: { name: string }[] };
      run.child.kill('SIGTERM');
      expect(await run.status).toBe(0);
      return { names: models.map(({ name }) => name), stdout: run.stdout() };
    };
    expect((await served(...named('two'), ...named('one'))).names).toEqual(['two', 'one']);
    const all = await served(...named('three'));
    expect(all.names).toEqual(['three', 'one', 'two']);
    expect(all.stdout).toContain('The page also offers one and two.');
    expect((await served(...named('two'), '--only')).names).toEqual(['two']);
    // Shards whose model file has changed since are not offered as it.
    await writeFile(join(folder, 'one.gguf'), makeTinyModel({ layerCount: 4, seed: 9 }));
    expect((await served(...named('two'))).names).toEqual(['two', 'three']);
  });

  it('says that the port is in use in one line', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as { port: number };
    const run = serve(...tiny(), '--port', String(port));
    expect(await run.status).toBe(2);
    expect(run.stderr()).toBe(
      `shoal: Port ${port} of 127.0.0.1 is in use. Choose another with --port, or 0 for a free one.\n`,
    );
    blocker.close();
  });

  it.each<[string, readonly string[], string]>([
    ['an unknown option', ['--prot', '1'], '--prot'],
    ['an argument too many', ['model.gguf'], 'model.gguf'],
    ['a port that is none', ['--port', '70000'], '--port is "70000"'],
    ['a port that browsers block', ['--port', '6667'], 'Browsers block port 6667'],
    ['a public URL that is none', ['--public-url', 'shoal.example'], '--public-url is "shoal.example"'],
    ['an origin that is none', ['--allow-origin', 'shoal.example'], '--allow-origin is "shoal.example"'],
    ['an origin with a path', ['--allow-origin', 'https://shoal.example/a'], '--allow-origin is "https'],
    ['a proxy that is no address', ['--trust-proxy', 'nginx'], '--trust-proxy is "nginx"'],
    ['another server that is none', ['--peer-server', 'shoal.example'], '--peer-server is "shoal.example"'],
    ['a level of the log that is none', ['--log', 'all'], '--log is "all"'],
    ['no shards', ['--shards', '0'], '--shards is "0"'],
    ['a value that is missing', ['--model'], '--model'],
    ['an ICE server of another scheme', ['--ice', 'http://x'], '--ice is "http://x"'],
    ['a key without certificate', ['--key', 'x'], '--cert and --key'],
    ['a new link of no private swarm', ['--new-link'], '--new-link goes with --private'],
    ['an address of another machine', ['--host', '192.0.2.1'], '192.0.2.1'],
    ['a model that is no GGUF', ['--model', 'package.json', '--port', '0'], 'package.json'],
  ])('refuses %s', async (_name, options, message) => {
    const run = serve('--no-build', '--data', folder, ...options);
    expect(await run.status).toBe(2);
    expect(run.stderr()).toContain(message);
    expect(run.stderr().trimEnd().split('\n')).toHaveLength(1);
    expect(run.stdout()).toBe('');
  });

  it('leaves the shards alone that another server serves, and takes them when that one has crashed', async () => {
    const first = serve(...tiny());
    const url = await readyUrl(first);
    const shard = async (index: number) => (await fetch(`${url}/models/tiny/shard-${index}.gguf`)).arrayBuffer();
    const bytes = [await shard(0), await shard(1)];
    const inThree = [...tiny().slice(0, -1), '3'];
    const second = serve(...inThree);
    expect(await second.status).toBe(2);
    expect(second.stderr()).toMatch(
      /^shoal: .+tiny is served by another server \(process \d+ of .+\), made of another file or in another number of shards\. .+--data\.\n$/,
    );
    const same = serve(...tiny());
    await readyUrl(same);
    expect([await shard(0), await shard(1)]).toEqual(bytes);
    for (const { child, status } of [first, same]) {
      child.kill('SIGKILL');
      await status;
    }
    const third = await readyUrl(serve(...inThree));
    const manifest = (await (await fetch(`${third}/models/tiny/manifest.json`)).json()) as { shards: unknown[] };
    expect(manifest.shards).toHaveLength(3);
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'comes back after %s under load with its key, port and swarms',
    async (end) => {
      const first = serve(...tiny());
      const url = await readyUrl(first);
      const health = async () => {
        const { peerId, models } = (await (await fetch(`${url}/healthz`)).json()) as Record<string, unknown>;
        return { peerId, models };
      };
      const before = await health();
      // As many as one address may have at a time.
      const sockets = Array.from({ length: 30 }, () => new WebSocket(`${url.replace('http', 'ws')}/announce`));
      await Promise.all(sockets.map((socket) => once(socket, 'open')));
      const downloads = Array.from({ length: 4 }, () => fetch(`${url}/models/tiny/shard-0.gguf`));
      await Promise.all(downloads);
      first.child.kill(end);
      await first.status;
      const again = serve(...tiny(), '--port', new URL(url).port);
      expect(await readyUrl(again)).toBe(url);
      expect(await health()).toEqual(before);
    },
  );

  it('prints every request where that is asked for, and nothing of the kind otherwise', async () => {
    for (const [level, count] of [
      ['debug', 1],
      ['info', 0],
    ] as const) {
      const run = serve(...tiny(), '--log', level);
      await fetch(`${await readyUrl(run)}/healthz`);
      run.child.kill('SIGTERM');
      await run.status;
      const lines = run.stdout().match(/^\[HTTP\] GET \/healthz 200 to 127\.0\.0\.1$/gm) ?? [];
      expect(lines).toHaveLength(count);
    }
  });

  it('explains its options', async () => {
    const run = serve('--help');
    expect(await run.status).toBe(0);
    for (const option of [
      '--port',
      '--host',
      '--https',
      '--public-url',
      '--allow-origin',
      '--peer-server',
      '--trust-proxy',
      '--model',
      '--shards',
      '--data',
      '--ice',
      '--private',
      '--new-link',
      '--log',
      '--no-build',
    ])
      expect(run.stdout()).toContain(option);
  });

  it('prints the address of every interface, with HTTPS when asked', async () => {
    const run = serve(...tiny(), '--host', '0.0.0.0', '--https');
    const url = await readyUrl(run);
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    run.child.kill('SIGTERM');
    expect(await run.status).toBe(0);
    const lines = run.stdout().trimEnd().split('\n');
    const ready = lines.filter((line) => /^Shoal is ready: https:\/\/[\d.]+:\d+$/.test(line));
    expect(ready.length).toBeGreaterThan(0);
    expect(lines.slice(ready.length)).toEqual([
      ready.length > 1
        ? expect.stringMatching(/^Invite: https:\/\/(?!127\.)[\d.]+:\d+\/#m=[0-9a-f]{64}$/)
        : expect.stringContaining('this machine only'),
    ]);
  });
});

describe('an ICE server', () => {
  it('needs a name and a password for TURN', () => {
    expect(parseIceServer('stun:stun.example:3478')).toEqual({ urls: 'stun:stun.example:3478' });
    expect(parseIceServer('turns:u:p@turn.example:443?transport=tcp')).toEqual({
      urls: 'turns:turn.example:443?transport=tcp',
      username: 'u',
      credential: 'p',
    });
    for (const url of ['turn:turn.example', 'stun:', 'stun', '']) expect(() => parseIceServer(url)).toThrow('--ice');
  });
});
