import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FolderClaims } from '../../../cli/folder-claim.ts';
import { prepareModel } from '../../../cli/model-source.ts';
import { splitIntoFolder } from '../../../cli/shard-folder.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';

let folder: string;
let modelFile: string;
let other: ChildProcess;
const claims = new FolderClaims();
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-claim-'));
  modelFile = join(folder, 'tiny.gguf');
  await writeFile(modelFile, makeTinyModel({ layerCount: 4 }));
  other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
});
afterEach(async () => {
  await claims.giveUp();
  other.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

const prepare = (shards: number) => prepareModel({ model: modelFile, shards, dataDir: folder, claim: claims.add });
const shards = () => join(folder, 'shards/tiny');

/** As another server leaves it that serves the folder. */
async function claimOfOther(content: string, { pid = other.pid!, host = hostname(), ageMs = 0, sinceMs = 1 } = {}) {
  await mkdir(join(folder, 'shards'), { recursive: true });
  const path = `${shards()}.used-${pid}@${host}`;
  await writeFile(path, JSON.stringify({ content, sinceMs }));
  const touched = new Date(Date.now() - ageMs);
  await utimes(path, touched, touched);
}

/** What `prepare` claims for a number of shards. */
async function contentOf(count: number): Promise<string> {
  let content = '';
  await prepareModel({
    model: modelFile,
    shards: count,
    dataDir: folder,
    claim: async (_directory, claimed) => {
      content = claimed;
    },
  });
  return content;
}

describe('a folder of shards that another server serves', () => {
  it('is served too where the same is asked for, and refused where it is not, as it was', async () => {
    await claimOfOther(await contentOf(2));
    const manifest = await readFile(join(shards(), 'manifest.json'), 'utf8');
    expect((await prepare(2)).manifest.shards).toHaveLength(2);
    await claims.giveUp();
    await expect(prepare(3)).rejects.toMatchObject({
      code: 'bad-request',
      message: expect.stringMatching(/served by another server \(process \d+ of .+--data/),
    });
    await expect(splitIntoFolder(modelFile, { shardCount: 3, directory: shards() })).rejects.toMatchObject({
      code: 'bad-request',
      message: expect.stringContaining('in use by another server'),
    });
    expect(await readFile(join(shards(), 'manifest.json'), 'utf8')).toBe(manifest);
  });

  it('is not replaced for the same either: the model file has changed, and what is served has not', async () => {
    await claimOfOther(await contentOf(2));
    await writeFile(modelFile, makeTinyModel({ layerCount: 4, seed: 2 }));
    await expect(prepare(2)).rejects.toMatchObject({ message: expect.stringContaining('in use by another server') });
  });

  it.each<[string, () => Promise<Parameters<typeof claimOfOther>[1]>]>([
    [
      'crashed',
      async () => {
        other.kill('SIGKILL');
        await once(other, 'exit');
        return {};
      },
    ],
    [
      'had this process’s id in a container that is gone',
      async () => ({ pid: process.pid, ageMs: 120_000, host: 'gone' }),
    ],
    ['was on another machine, and has said nothing for a minute', async () => ({ host: 'elsewhere', ageMs: 61_000 })],
    ['had an id that another process has now', async () => ({ ageMs: 61_000 })],
    ['came later: it will find this one', async () => ({ sinceMs: Date.now() + 60_000 })],
  ])('is free again where that one %s', async (_name, state) => {
    await claimOfOther('[other]', await state());
    expect((await prepare(3)).manifest.shards).toHaveLength(3);
  });

  it('is not where that one is on another machine', async () => {
    await claimOfOther('[other]', { host: 'elsewhere' });
    await expect(prepare(3)).rejects.toMatchObject({ message: expect.stringContaining('of elsewhere') });
  });

  it('is given up at the end', async () => {
    await prepare(2);
    expect(await readdir(join(folder, 'shards'))).toEqual(['tiny', `tiny.used-${process.pid}@${hostname()}`]);
    await claims.giveUp();
    expect(await readdir(join(folder, 'shards'))).toEqual(['tiny']);
  });
});
