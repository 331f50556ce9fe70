import { createHash } from 'node:crypto';
import parseTorrent from 'parse-torrent';
import { describe, expect, it } from 'vitest';
import { blobSource, bytesSource } from '../../../src/gguf/gguf-file.ts';
import { parseGguf } from '../../../src/gguf/read.ts';
import { encodeEntry, writeGguf } from '../../../src/gguf/write.ts';
import { decodeManifest, encodeManifest } from '../../../src/protocol/manifest.ts';
import { PIECE_LENGTH, ShardHasher, withLinks } from '../../../src/store/metainfo/torrent-file.ts';
import { modelName, type PublishOptions, publishModel } from '../../../src/store/publish/publish.ts';
import { seededRandom } from '../../fixtures/random.ts';
import { tinyArchitecture } from '../../fixtures/tiny-architectures.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';

const model = makeTinyModel({ layerCount: 5, type: 'Q8_0', tied: true, width: 128 });
const hash = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest('hex');

async function publish(options: Partial<PublishOptions> = {}) {
  const files = new Map<string, Buffer[]>();
  const closed: string[] = [];
  const published = await publishModel(bytesSource(model), {
    fileName: 'tiny.gguf',
    shardCount: 3,
    sink: async (fileName) => {
      const chunks: Buffer[] = [];
      files.set(fileName, chunks);
      return {
        write: async (chunk) => {
          chunks.push(Buffer.from(chunk));
        },
        close: async () => {
          closed.push(fileName);
        },
      };
    },
    ...options,
  });
  const bytesOf = (fileName: string) => Buffer.concat(files.get(fileName) ?? []);
  return { ...published, bytesOf, closed };
}

describe('publishing a model', () => {
  it('writes the shards that the manifest describes', async () => {
    const { manifest, manifestId, bytesOf, closed } = await publish();
    expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest);
    expect(manifestId).toBe(hash('sha256', encodeManifest(manifest)));
    expect(manifest.name).toBe('tiny');
    expect(manifest.hyperparameters).toMatchObject({ layerCount: 5, width: 128 });
    expect(closed).toEqual(['shard-0.gguf', 'shard-1.gguf', 'shard-2.gguf']);
    for (const shard of manifest.shards) {
      const bytes = bytesOf(shard.fileName);
      expect(bytes.length).toBe(shard.sizeBytes);
      expect(hash('sha256', bytes)).toBe(shard.sha256);
    }
  });

  it('makes a torrent of each shard that other software understands', async () => {
    const { shards, bytesOf } = await publish();
    for (const { shard, torrent } of shards) {
      const bytes = bytesOf(shard.fileName);
      const pieces = Array.from({ length: Math.ceil(bytes.length / PIECE_LENGTH) }, (_, index) =>
        hash('sha1', bytes.subarray(index * PIECE_LENGTH, (index + 1) * PIECE_LENGTH)),
      );
      expect(await parseTorrent(torrent)).toMatchObject({
        infoHash: shard.infoHash,
        name: shard.fileName,
        length: shard.sizeBytes,
        pieceLength: PIECE_LENGTH,
        pieces,
        announce: [],
        urlList: [],
      });
    }
  });

  it('gives the same manifest from a dropped file and without a sink', async () => {
    const first = await publish();
    const second = await publishModel(blobSource(new Blob([model])), { fileName: 'tiny.gguf', shardCount: 3 });
    expect(second.manifestId).toBe(first.manifestId);
    expect(second.shards[2]!.torrent).toEqual(first.shards[2]!.torrent);
  });

  it('reports progress up to the whole', async () => {
    const reports: [number, number][] = [];
    const { manifest } = await publish({ onProgress: (...report) => reports.push(report) });
    const total = manifest.shards.reduce((sum, shard) => sum + shard.sizeBytes, 0);
    expect(reports.at(-1)).toEqual([total, total]);
    expect(reports.map(([done]) => done)).toEqual(reports.map(([done]) => done).toSorted((a, b) => a - b));
  });

  it('stops when told, with every file closed', async () => {
    const controller = new AbortController();
    const closed: string[] = [];
    const sink = async (fileName: string) => ({
      write: async () => controller.abort(),
      close: async () => {
        closed.push(fileName);
      },
    });
    await expect(publish({ signal: controller.signal, sink })).rejects.toMatchObject({ code: 'aborted' });
    expect(closed).toEqual(['shard-0.gguf', 'shard-1.gguf']);
  });

  it('leaves out layers that only draft tokens ahead', async () => {
    const options = tinyArchitecture('qwen35');
    const drafting = makeTinyModel({
      ...options,
      layerCount: 6,
      metadata: {
        ...options.metadata,
        'qwen35.nextn_predict_layers': encodeEntry('qwen35.nextn_predict_layers', 'u32', 1),
      },
    });
    const written: Buffer[] = [];
    const sink = async () => ({
      write: async (chunk: Uint8Array) => void written.push(Buffer.from(chunk)),
      close: async () => undefined,
    });
    const { manifest } = await publishModel(bytesSource(drafting), { fileName: 'd.gguf', shardCount: 1, sink });
    expect(manifest.hyperparameters.layerCount).toBe(5);
    const shard = parseGguf(Uint8Array.from(Buffer.concat(written)), 'shard', manifest.shards[0]!.sizeBytes);
    expect(shard.metadata.get('qwen35.block_count')).toBe(5);
    expect(shard.metadata.has('qwen35.nextn_predict_layers')).toBe(false);
    const layers = shard.tensors
      .map(({ name }) => /^blk\.(\d+)/.exec(name)?.[1])
      .filter((layer) => layer !== undefined);
    expect(new Set(layers)).toEqual(new Set(['0', '1', '2', '3', '4']));
  });

  it('refuses more shards than layers', async () => {
    await expect(publish({ shardCount: 6 })).rejects.toMatchObject({
      code: 'bad-request',
      message: expect.stringContaining('choose 1 to 5'),
    });
  });

  it.each([
    [
      'big-00001-of-00003.gguf',
      3,
      /others are big-00002-of-00003\.gguf, big-00003-of-00003\.gguf\. Merge.*--merge big-00001/,
    ],
    ['big-00001-of-00009.gguf', 9, /others are big-00001-of-00009\.gguf to big-00009-of-00009\.gguf\. Merge/],
    ['big.gguf', 3, /^big\.gguf is one of 3 of a model\. Merge them first: llama-gguf-split --merge FIRST_PART\.gguf/],
  ])('refuses one part of a split model and names the others: %s', async (fileName, count, message) => {
    const metadata = { 'split.count': encodeEntry('split.count', 'u16', count) };
    const source = bytesSource(makeTinyModel({ metadata }));
    await expect(publishModel(source, { fileName, shardCount: 1 })).rejects.toMatchObject({
      code: 'bad-gguf',
      message: expect.stringMatching(message),
    });
  });

  it('refuses a vector in blocks, before it writes anything', async () => {
    const bytes = makeTinyModel({ layerCount: 1 });
    // Behind the name: how many dimensions, the one, and the type's number. In blocks it takes less room.
    const row = Buffer.from(bytes).indexOf('blk.0.attn_norm.weight') + 'blk.0.attn_norm.weight'.length;
    bytes[row + 4 + 8] = 8;
    await expect(
      publishModel(bytesSource(bytes), {
        fileName: 'tiny.gguf',
        shardCount: 1,
        sink: () => Promise.reject(new Error('opened a file')),
      }),
    ).rejects.toMatchObject({
      code: 'unsupported-tensor-type',
      message: 'tiny.gguf: the vector "blk.0.attn_norm.weight" has type Q8_0; supported: F32, F16, BF16.',
    });
  });

  it('refuses a file that is no model', async () => {
    const source = bytesSource(writeGguf([], []));
    await expect(publishModel(source, { fileName: 'empty.gguf', shardCount: 1 })).rejects.toMatchObject({
      code: 'bad-gguf',
      message: expect.stringContaining('empty.gguf'),
    });
  });
});

describe('a model’s name', () => {
  it.each([
    ['SmolLM2-135M-Instruct.Q4_1.gguf', 'SmolLM2-135M-Instruct-Q4_1'],
    ['TinyLlama-1.1B-Chat-v1.0-F16.GGUF', 'TinyLlama-1.1B-Chat-v1.0-F16'],
    ['mein Modell (größer).gguf', 'mein-Modell-gr-er'],
    ['../../evil.gguf', 'evil'],
    ['.gguf', 'model'],
    [`${'x'.repeat(200)}.gguf`, 'x'.repeat(128)],
  ])('of %s is %s', (fileName, name) => {
    expect(modelName(fileName)).toBe(name);
  });
});

describe('torrent files', () => {
  const random = seededRandom(7);
  const bytes = Uint8Array.from({ length: 2 * PIECE_LENGTH + 777 }, () => random() * 256);

  async function digest(chunkBytes: number, content = bytes) {
    const hasher = await ShardHasher.create('shard-9.gguf', PIECE_LENGTH);
    for (let at = 0; at < content.length; at += chunkBytes) hasher.update(content.subarray(at, at + chunkBytes));
    return hasher.finish();
  }

  it.each([1000, PIECE_LENGTH, PIECE_LENGTH + 1, bytes.length])('are the same for chunks of %d bytes', async (size) => {
    expect(await digest(size)).toEqual(await digest(4096));
  });

  it('have no empty last piece', async () => {
    const { torrent } = await digest(1000, bytes.subarray(0, PIECE_LENGTH));
    expect(await parseTorrent(torrent)).toMatchObject({ pieces: { length: 1 } });
  });

  it('take links without changing the info hash', async () => {
    const { torrent, infoHash } = await digest(1000);
    const links = { announce: ['ws://one/announce', 'ws://two/announce'], webSeeds: ['http://one/shard-9.gguf'] };
    const linked = withLinks(torrent, links);
    expect(await parseTorrent(linked)).toMatchObject({
      infoHash,
      announce: links.announce,
      urlList: links.webSeeds,
    });
    expect(withLinks(linked, { announce: [], webSeeds: [] })).toEqual(torrent);
  });

  it('are refused when they are none', () => {
    const links = { announce: [], webSeeds: [] };
    expect(() => withLinks(new TextEncoder().encode('<html>'), links)).toThrow(/not bencoded|no info/);
    expect(() => withLinks(new TextEncoder().encode('d1:ai1ee'), links)).toThrow(/no info/);
  });
});
