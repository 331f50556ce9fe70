import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FolderClaims } from '../../../cli/folder-claim.ts';
import { prepareModel } from '../../../cli/model-source.ts';
import { loadIdentity } from '../../../signaling-server/identity.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';

const disk = vi.hoisted(() => ({ readOnly: false }));

// A disk that takes no bytes, also where the tests run as root, whom no mode of a file stops.
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const guarded = Object.fromEntries(
    (['chmod', 'mkdir', 'rename', 'utimes', 'writeFile'] as const).map((name) => [
      name,
      (...call: unknown[]) => {
        if (disk.readOnly) {
          const error = new Error(`EROFS: read-only file system, ${name} '${call[0]}'`);
          return Promise.reject(Object.assign(error, { code: 'EROFS' }));
        }
        return (real[name] as (...call: unknown[]) => Promise<unknown>)(...call);
      },
    ]),
  );
  return { ...real, ...guarded, default: { ...real, ...guarded } };
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-read-only-'));
  await writeFile(join(folder, 'tiny.gguf'), makeTinyModel({ layerCount: 4 }));
});
afterEach(async () => {
  disk.readOnly = false;
  await rm(folder, { recursive: true });
});

const claims = new FolderClaims();
const prepare = (shards: number) =>
  prepareModel({ model: join(folder, 'tiny.gguf'), shards, dataDir: folder, claim: claims.add });

it('a data folder that cannot be written serves what is there', async () => {
  const { manifestId } = await prepare(2);
  const key = await loadIdentity(join(folder, 'server.key'));
  await claims.giveUp();
  disk.readOnly = true;
  expect((await prepare(2)).manifestId).toBe(manifestId);
  expect((await loadIdentity(join(folder, 'server.key'))).equals(key)).toBe(true);
});

it('and says what to do where it is not', async () => {
  disk.readOnly = true;
  const says = (what: string, option: string) => ({
    code: 'bad-request',
    message: expect.stringMatching(new RegExp(`${what} .*${folder}.*EROFS.*${option}`)),
  });
  await expect(prepare(2)).rejects.toMatchObject(says('shards cannot be written', 'name another folder'));
  await expect(loadIdentity(join(folder, 'server.key'))).rejects.toMatchObject(says('key cannot be kept', '--data'));
});
