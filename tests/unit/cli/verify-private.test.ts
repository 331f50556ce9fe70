import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { checkPrivateServer } from '../../../cli/private-checks.ts';
import type { CheckedModel } from '../../../cli/server-checks.ts';
import { createSecret, deriveKeys, guestSecretOf } from '../../../src/protocol/private-swarm.ts';
import type { Check } from '../../../src/swarm/verify.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const secret = createSecret();

let server: TestServer;
afterEach(() => server.stop());

async function start(): Promise<void> {
  const open = await startTestServer();
  server = await open.restart({ models: [], privateSwarm: { keys: deriveKeys(secret), model: open.model } });
}

async function runAll(
  by: string,
  manifestId = server.model.manifestId,
): Promise<{ readonly checks: readonly Check[]; readonly models: readonly CheckedModel[] }> {
  const checks: Check[] = [];
  const generator = checkPrivateServer(new URL(server.url), manifestId, by);
  let next = await generator.next();
  for (; !next.done; next = await generator.next()) checks.push(next.value);
  return { checks, models: next.value };
}

const failures = ({ checks }: { readonly checks: readonly Check[] }) => checks.filter(({ passed }) => !passed);

describe('what verify checks of a private swarm without a tab', () => {
  it.each([
    ['a member', secret],
    ['a guest', guestSecretOf(secret)],
  ])('is every file, for %s, and no word of the secret is printed', async (_, by) => {
    await start();
    const found = await runAll(by);
    expect(failures(found)).toEqual([]);
    expect(found.checks.map(({ name }) => name)).toEqual([
      'Server',
      'Manifest of the private swarm',
      ...[0, 1, 2, 3].map((index) => `shard-${index}.gguf (layers ${2 * index}-${2 * index + 1}) at the server`),
    ]);
    expect(found.models).toHaveLength(1);
    expect(JSON.stringify(found.checks)).not.toContain(by);
  });

  it('is the server alone where it does not have the secret', async () => {
    server = await startTestServer();
    for (const by of [secret, createSecret()]) {
      const { checks, models } = await runAll(by);
      expect(checks).toEqual([{ name: 'Server', passed: true, detail: expect.stringContaining('from tabs alone') }]);
      expect(models).toEqual([]);
    }
  });

  it('finds a shard that was altered, another manifest, and a server that is away', async () => {
    await start();
    const path = join(server.model.directory, 'shard-2.gguf');
    const bytes = await readFile(path);
    await writeFile(
      path,
      bytes.map((byte, index) => (index === 5000 ? byte ^ 1 : byte)),
    );
    expect(failures(await runAll(secret)).map(({ name }) => name)).toEqual([expect.stringContaining('shard-2.gguf')]);
    const other = await runAll(secret, 'f'.repeat(64));
    expect(failures(other)[0]?.detail).toContain('manifest.json has the SHA-256');
    await server.close();
    expect(failures(await runAll(secret)).map(({ name }) => name)).toEqual(['Server']);
  });

  it('is nothing with a secret that is none', async () => {
    await start();
    await expect(runAll('damaged')).rejects.toMatchObject({ code: 'bad-request' });
  });
});
