import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatCheck } from '../../../cli/check-table.ts';
import { checkDisk } from '../../../cli/disk-checks.ts';
import { prepareModel } from '../../../cli/model-source.ts';
import { checkServer } from '../../../cli/server-checks.ts';
import { ModelRoutes } from '../../../signaling-server/model-routes.ts';
import type { ServedModel } from '../../../signaling-server/served-model.ts';
import type { Check } from '../../../src/swarm/verify.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';

let dataDir: string;
let model: ServedModel;
let server: Server;
let url: URL;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'shoal-verify-'));
  const modelFile = join(dataDir, 'tiny.gguf');
  await writeFile(modelFile, makeTinyModel());
  model = await prepareModel({ model: modelFile, shards: 4, dataDir });
  const routes = new ModelRoutes([model], '/announce');
  const health = {
    status: 'ok',
    version: '0.1.0',
    connections: 0,
    models: [{ name: 'tiny', manifest: model.manifestId }],
  };
  server = createServer(async (request, response) => {
    if (request.url === '/healthz') response.end(JSON.stringify(health));
    else if ((await routes.handle(request, response, request.url!)) === undefined) response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterEach(async () => {
  server.close();
  await rm(dataDir, { recursive: true });
});

/** Flips one bit in the middle of a file of the served folder. */
async function alter(fileName: string): Promise<void> {
  const path = join(model.directory, fileName);
  const bytes = await readFile(path);
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(path, bytes);
}

async function runAll(invited?: string): Promise<readonly Check[]> {
  const checks: Check[] = [];
  const generator = checkServer(url, invited);
  let next = await generator.next();
  for (; !next.done; next = await generator.next()) checks.push(next.value);
  for (const checked of next.value) for await (const check of checkDisk(checked, dataDir)) checks.push(check);
  return checks;
}

const failures = (checks: readonly Check[]) => checks.filter(({ passed }) => !passed);

describe('what verify checks without a tab', () => {
  it('passes, naming every file, on a whole set', async () => {
    const checks = await runAll(model.manifestId);
    expect(failures(checks)).toEqual([]);
    expect(checks.map(({ name }) => name)).toEqual([
      'Server',
      'Manifest of tiny',
      ...[0, 1, 2, 3].map((index) => `shard-${index}.gguf (layers ${index}) at the server`),
      ...[0, 1, 2, 3].map((index) => `shard-${index}.gguf on disk`),
    ]);
    expect(checks[4]?.detail).toContain(model.manifest.shards[2]!.sha256);
  });

  it('names the shard that was altered, at the server and on disk', async () => {
    await alter('shard-2.gguf');
    const failed = failures(await runAll());
    expect(failed.map(({ name }) => name)).toEqual(['shard-2.gguf (layers 2) at the server', 'shard-2.gguf on disk']);
    for (const { detail } of failed) expect(detail).toMatch(/shard-2\.gguf .* SHA-256 is [0-9a-f]{64}, expected/);
  });

  it('names a shard that is cut short, and one that is gone', async () => {
    const path = join(model.directory, 'shard-1.gguf');
    await writeFile(path, (await readFile(path)).subarray(0, 1000));
    await rm(join(model.directory, 'shard-3.gguf'));
    const details = failures(await runAll()).map(({ detail }) => detail);
    expect(details).toHaveLength(4);
    expect(details[0]).toMatch(/shard-1\.gguf .* 1000 bytes, expected \d{4,}/);
    expect(details[1]).toMatch(/shard-3\.gguf is answered with status 404/);
    expect(details[3]).toMatch(/shard-3\.gguf does not exist/);
  });

  it('says so when the manifest is another, and checks no shard against it', async () => {
    await alter('manifest.json');
    const checks = await runAll();
    expect(checks).toHaveLength(2);
    expect(failures(checks)[0]?.detail).toMatch(/manifest\.json has the SHA-256 [0-9a-f]{64}, expected/);
  });

  it('says so when the server does not know the invite, or nobody answers', async () => {
    const unknown = 'f'.repeat(64);
    expect(failures(await runAll(unknown))[0]?.detail).toContain(`no model with the manifest ${unknown}`);
    server.close();
    server.closeAllConnections();
    expect(failures(await runAll())[0]?.detail).toMatch(/does not answer \(ECONN(REFUSED|RESET)\)/);
  });
});

describe('the table', () => {
  it('shows a check in one line that cannot steer the terminal', () => {
    const line = formatCheck({ name: 'A prompt', passed: true, detail: 'two\nlines \u001b[2Jand \u009bmore' });
    expect(stripVTControlCharacters(line)).toBe(`✓ A prompt${' '.repeat(32)}two lines  [2Jand  more`);
    const said = formatCheck({ name: 'A node', passed: true, detail: `\u202ekcab\u2029✗${'x'.repeat(300_000)}` });
    expect(stripVTControlCharacters(said)).toMatch(/^✓ A node {34}kcab ✗x{100,2000}…$/);
  });
});
