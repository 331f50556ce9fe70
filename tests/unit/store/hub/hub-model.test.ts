import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../../../src/gguf/gguf-file.ts';
import { joinGguf } from '../../../../src/gguf/join.ts';
import { parseGguf } from '../../../../src/gguf/read.ts';
import { readChunks } from '../../../../src/gguf/split.ts';
import { encodeEntry, writeGguf } from '../../../../src/gguf/write.ts';
import { LAYER_SPLIT } from '../../../../src/protocol/model-source.ts';
import { HubModel, type HubModelOptions } from '../../../../src/store/hub/hub-model.ts';
import type { HubRange } from '../../../../src/store/hub/hub-request.ts';
import { HubError } from '../../../../src/store/hub/hub-trouble.ts';
import { type PublishedModel, publishModel } from '../../../../src/store/publish/publish.ts';
import { makeTinyModel, type TinyModelOptions } from '../../../fixtures/tiny-model.ts';

const HUB = 'https://hub.example/';
const NEVER = new AbortController().signal;

/** A hub of these files, by name, and what it was asked for. */
function hubOf(files: Readonly<Record<string, Uint8Array>>) {
  const asked: HubRange[] = [];
  const fetch = async (range: HubRange) => {
    asked.push(range);
    const file = files[range.url.slice(HUB.length)]!;
    if (range.start < 0 || range.end > file.length) throw new HubError('other-file', 'has a shorter file there');
    return file.slice(range.start, range.end);
  };
  const source = {
    split: LAYER_SPLIT,
    files: Object.entries(files).map(([name, { length }]) => ({ url: `${HUB}${name}`, sizeBytes: length })),
  };
  return { source, asked, fetch, bytes: () => asked.reduce((sum, { start, end }) => sum + end - start, 0) };
}

const optionsOf = ({ manifest }: PublishedModel, source: HubModelOptions['source']): HubModelOptions => ({
  source,
  layerCount: manifest.hyperparameters.layerCount,
  shards: manifest.shards,
});

async function wholeShard({ file }: PublishedModel['shards'][number]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readChunks(file)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A model in as many files as a set has, as the usual tool writes them: the first with all metadata. */
function partsOf(model: Uint8Array, count: number): Record<string, Uint8Array> {
  const { tensors, rawMetadata, alignment } = parseGguf(model, 'model.gguf', model.length);
  const parts = Array.from({ length: count }, (_, index) => {
    const own = tensors.filter((_tensor, at) => Math.floor((at * count) / tensors.length) === index);
    const split = [
      encodeEntry('split.no', 'u16', index),
      encodeEntry('split.count', 'u16', count),
      encodeEntry('split.tensors.count', 'i32', tensors.length),
    ];
    const bytes = writeGguf(
      index === 0 ? [...rawMetadata.values(), ...split] : split,
      own.map((tensor) => ({ ...tensor, data: model.subarray(tensor.offset, tensor.offset + tensor.sizeBytes) })),
      alignment,
    );
    const number = (value: number) => String(value).padStart(5, '0');
    return [`big-${number(index + 1)}-of-${number(count)}.gguf`, bytes] as const;
  });
  return Object.fromEntries(parts);
}

const MIXED: TinyModelOptions = {
  layerCount: 3,
  width: 256,
  feedForwardWidth: 256,
  type: (name) =>
    name.includes('attn_v') ? 'Q6_K' : name.includes('ffn') ? 'Q4_K' : name.includes('embd') ? 'Q8_0' : 'Q4_1',
};
const MODELS: readonly (readonly [string, TinyModelOptions, number])[] = [
  ['a tied model of one type', { layerCount: 4, type: 'Q4_1', tied: true }, 2],
  ['a model of mixed types with an output matrix of its own', MIXED, 3],
  ['a model of mixed types in one shard', MIXED, 1],
  [
    'factors of rotated pairs, which become metadata',
    { layerCount: 3, type: 'F16', vectors: { 'rope_freqs.weight': [1, 2, 3, 4, 5, 6, 7, 8] } },
    3,
  ],
  [
    'metadata without the size of the vocabulary',
    { layerCount: 3, type: 'Q4_0', metadata: { 'llama.vocab_size': null } },
    3,
  ],
];

describe("a shard's bytes from a model's whole file", () => {
  it.each(MODELS)('are those of splitting it: %s', async (_, options, shardCount) => {
    const model = makeTinyModel(options);
    const published = await publishModel(bytesSource(model), { fileName: 'model.gguf', shardCount });
    const hub = hubOf({ 'model.gguf': model });
    const read = await HubModel.open(optionsOf(published, hub.source), hub.fetch, NEVER);
    for (const [index, shard] of published.shards.entries()) {
      const { sizeBytes, sha256 } = shard.shard;
      const bytes = await read.read(index, 0, sizeBytes, NEVER);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
      // And so are ranges of it, wherever they begin and end.
      const whole = await wholeShard(shard);
      const edges = [0, 1, shard.shard.headerBytes - 1, shard.shard.headerBytes, shard.shard.headerBytes + 33];
      for (const start of [...edges, sizeBytes - 70, sizeBytes - 1])
        for (const length of [1, 31, 1000, sizeBytes - start]) {
          const end = Math.min(sizeBytes, start + length);
          const range = await read.read(index, start, end, NEVER);
          expect(Buffer.compare(range, whole.subarray(start, end))).toBe(0);
        }
    }
  });

  it.each([2, 3])('are those of splitting a set of %d files joined', async (count) => {
    const parts = partsOf(makeTinyModel(MIXED), count);
    const joined = await joinGguf(Object.entries(parts).map(([name, bytes]) => ({ name, source: bytesSource(bytes) })));
    const published = await publishModel(joined, { fileName: 'big.gguf', shardCount: 3 });
    const hub = hubOf(parts);
    const read = await HubModel.open(optionsOf(published, hub.source), hub.fetch, NEVER);
    for (const [index, { shard }] of published.shards.entries()) {
      const bytes = await read.read(index, 0, shard.sizeBytes, NEVER);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(shard.sha256);
    }
    expect(new Set(hub.asked.map(({ url }) => url)).size).toBe(count);
  });

  it('are asked for alone, and in few requests', async () => {
    const model = makeTinyModel({ layerCount: 4, width: 128, feedForwardWidth: 128, type: 'Q4_1' });
    const published = await publishModel(bytesSource(model), { fileName: 'model.gguf', shardCount: 4 });
    const hub = hubOf({ 'model.gguf': model });
    const read = await HubModel.open(optionsOf(published, hub.source), hub.fetch, NEVER);
    const headers = published.manifest.shards.reduce((sum, { headerBytes }) => sum + headerBytes, 0);
    // Once, not a window of a size that suits any file.
    expect(hub.asked).toHaveLength(1);
    expect(hub.bytes()).toBeLessThanOrEqual(headers + 64 * 1024);
    hub.asked.length = 0;
    const { sizeBytes } = published.manifest.shards[1]!;
    await read.read(1, 0, sizeBytes, NEVER);
    expect(hub.asked).toHaveLength(1);
    expect(hub.bytes()).toBeLessThanOrEqual(sizeBytes);
    // Headers are computed.
    hub.asked.length = 0;
    await read.read(0, 0, 100, NEVER);
    expect(hub.asked).toEqual([]);
  });

  it('are not asked for where the file makes other shards', async () => {
    const model = makeTinyModel({ layerCount: 4, type: 'Q4_1' });
    const published = await publishModel(bytesSource(model), { fileName: 'model.gguf', shardCount: 2 });
    const open = (file: Uint8Array, change: Partial<HubModelOptions> = {}) => {
      const hub = hubOf({ 'model.gguf': file });
      return HubModel.open({ ...optionsOf(published, hub.source), ...change }, hub.fetch, NEVER);
    };
    await expect(open(makeTinyModel({ layerCount: 4, type: 'Q8_0' }))).rejects.toMatchObject({ trouble: 'other-file' });
    await expect(open(makeTinyModel({ layerCount: 3, type: 'Q4_1' }))).rejects.toMatchObject({ trouble: 'other-file' });
    await expect(open(new Uint8Array(400_000))).rejects.toMatchObject({ trouble: 'other-file' });
    await expect(open(model, { layerCount: 2 })).rejects.toMatchObject({ trouble: 'other-file' });
    // A header that a hostile manifest calls short is not looked for in all of the file.
    const shards = published.manifest.shards.map((shard) => ({ ...shard, headerBytes: 1 }));
    const endless = makeTinyModel({
      layerCount: 4,
      metadata: { x: encodeEntry('x', 'string', 'x'.repeat(2_000_000)) },
    });
    await expect(open(endless, { shards })).rejects.toMatchObject({ trouble: 'too-much' });
  });
});
