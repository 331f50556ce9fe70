import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../../cli/catalogue.ts';
import { prepareModel } from '../../../cli/model-source.ts';
import { publicSource } from '../../../cli/public-source.ts';
import { ServedModels } from '../../../cli/served-models.ts';
import { splitIntoFolder } from '../../../cli/shard-folder.ts';
import { rememberSource } from '../../../cli/shard-folder-stamp.ts';
import { LAYER_SPLIT } from '../../../src/protocol/model-source.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';

const HUB = 'https://huggingface.co/owner/model/resolve/0123abc/tiny.gguf';

let folder: string;
let modelFile: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-public-'));
  modelFile = join(folder, 'tiny.gguf');
  await writeFile(modelFile, makeTinyModel({ type: 'Q4_1' }));
});
afterEach(() => rm(folder, { recursive: true }));

describe('where tabs may have the file that was named', () => {
  const named = async (text: string | undefined, page?: string) =>
    (await publicSource(text, modelFile, page))?.files.map(({ url }) => url);

  it('is its address, or the hub’s of one that is known by its name, whatever mirror this machine uses', async () => {
    process.env.HF_ENDPOINT = 'https://mirror.corp.internal';
    try {
      expect(await named('hf:owner/model/tiny.gguf@0123abc')).toEqual([HUB]);
      expect(await named('https://example.org/tiny.gguf')).toEqual(['https://example.org/tiny.gguf']);
      const { hub } = CATALOGUE[0];
      const address = `https://huggingface.co/${hub!.repository}/resolve/${hub!.revision}/${hub!.fileName}`;
      expect(await named(undefined)).toEqual([address]);
      expect(await named(CATALOGUE[0].id)).toEqual([address]);
    } finally {
      delete process.env.HF_ENDPOINT;
    }
  });

  it('is told with the size of what came', async () => {
    const { length: sizeBytes } = await readFile(modelFile);
    expect(await publicSource(HUB, modelFile, undefined)).toEqual({
      split: LAYER_SPLIT,
      files: [{ url: HUB, sizeBytes }],
    });
  });

  it('is not told of a file of this machine, of packages, nor of an address that is not everybody’s', async () => {
    const withoutHub = CATALOGUE.find(({ hub }) => hub === undefined)!;
    for (const text of [modelFile, './tiny.gguf', 'tiny.gguf', withoutHub.id])
      expect(await named(text)).toBeUndefined();
    for (const text of [
      'http://example.org/tiny.gguf',
      'https://me:secret@example.org/tiny.gguf',
      'https://example.org/tiny.gguf?token=secret',
      'https://192.168.0.2/tiny.gguf',
    ])
      expect(await named(text)).toBeUndefined();
    expect(await named('https://192.168.0.2/tiny.gguf', '192.168.0.3')).toEqual(['https://192.168.0.2/tiny.gguf']);
    expect(await named('https://192.168.0.2/tiny.gguf', 'shoal.example')).toBeUndefined();
  });

  it('names every part of a set', async () => {
    const parts = [1, 2].map((part) => `big-0000${part}-of-00002.gguf`);
    for (const [index, name] of parts.entries()) await writeFile(join(folder, name), new Uint8Array(index + 1));
    const found = await publicSource('hf:owner/model/big-00001-of-00002.gguf', join(folder, parts[0]!), undefined);
    expect(found?.files).toEqual(
      parts.map((name, index) => ({
        url: `https://huggingface.co/owner/model/resolve/main/${name}`,
        sizeBytes: index + 1,
      })),
    );
  });
});

describe('shards that are made anew', () => {
  const source = { split: LAYER_SPLIT, files: [{ url: HUB, sizeBytes: 1 }] };
  const directory = () => join(folder, 'shards', 'tiny');

  it('have the manifest that they had, with or without a source', async () => {
    for (const known of [source, undefined]) {
      await rm(directory(), { recursive: true, force: true });
      await mkdir(join(folder, 'shards'), { recursive: true });
      const options = { name: 'tiny', shardCount: 4, directory: directory(), source: known };
      const { manifest, manifestId } = await splitIntoFolder(modelFile, options);
      await rememberSource(directory(), { modelFile }, manifest);
      const served = await ServedModels.prepare({ models: [modelFile], only: false, shards: 4, dataDir: folder });
      expect(served.models.map((model) => model.manifestId)).toEqual([manifestId]);
      await served.remake(served.models[0]);
      const again = await prepareModel({ model: modelFile, shards: 4, dataDir: folder });
      expect(again.manifestId).toBe(manifestId);
      expect(again.manifest.source).toEqual(known);
    }
  });

  it('name the source of a file that came from one, and none where its chat template was replaced', async () => {
    const place = createHash('sha256').update('https://huggingface.co/owner/model/resolve/0123abc/').digest('hex');
    const fetched = join(folder, 'downloads', place.slice(0, 12));
    await mkdir(fetched, { recursive: true });
    await copyFile(modelFile, join(fetched, 'tiny.gguf'));
    const prepare = async (model: string, chatTemplate?: string) => {
      const { manifest } = await prepareModel({ model, shards: 4, dataDir: folder, chatTemplate });
      return manifest.source?.files[0]?.url;
    };
    expect(await prepare('hf:owner/model/tiny.gguf@0123abc')).toBe(HUB);
    expect(await prepare('hf:owner/model/tiny.gguf@0123abc', '{{ messages[0].content }}')).toBeUndefined();
    expect(await prepare(modelFile)).toBeUndefined();
  });
});
