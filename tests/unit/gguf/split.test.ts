import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesSource, type GgufFile, type GgufSource } from '../../../src/gguf/gguf-file.ts';
import { planLayers, planShards } from '../../../src/gguf/plan.ts';
import { parseGguf } from '../../../src/gguf/read.ts';
import { readChunks, type ShardFile, splitGguf } from '../../../src/gguf/split.ts';
import { encodeEntry, writeGguf } from '../../../src/gguf/write.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';

const parse = (bytes: Uint8Array) => parseGguf(bytes, 'model.gguf', bytes.length);

function split(bytes: Uint8Array, layerCount: number, shardCount: number, source: GgufSource = bytesSource(bytes)) {
  const file = parse(bytes);
  return splitGguf(file, source, planShards(file.tensors, layerCount, shardCount));
}

async function wholeFile(shard: ShardFile): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readChunks(shard)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const names = (file: GgufFile) => file.tensors.map((tensor) => tensor.name);

describe('planning shards', () => {
  it.each([
    [30, 4, ['0-8', '8-16', '16-23', '23-30']],
    [32, 4, ['0-8', '8-16', '16-24', '24-32']],
    [5, 3, ['0-2', '2-4', '4-5']],
    [4, 1, ['0-4']],
    [3, 3, ['0-1', '1-2', '2-3']],
  ])('spreads %d layers over %d shards', (layers, shards, expected) => {
    expect(planLayers(layers, shards).map(({ start, end }) => `${start}-${end}`)).toEqual(expected);
  });

  it('covers every layer once, evenly', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 200 }), (a, b) => {
        const ranges = planLayers(Math.max(a, b), Math.min(a, b));
        const lengths = ranges.map(({ start, end }) => end - start);
        expect(ranges[0]!.start).toBe(0);
        expect(ranges.at(-1)!.end).toBe(Math.max(a, b));
        for (const [index, range] of ranges.slice(1).entries()) expect(range.start).toBe(ranges[index]!.end);
        expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
        expect(lengths).toEqual(lengths.toSorted((x, y) => y - x));
      }),
    );
  });

  it.each([0, 5, 1.5, -1])('refuses %d shards of 4 layers', (shards) => {
    expect(() => planLayers(4, shards)).toThrow(/model of 4 layers cannot be split into .* choose 1 to 4/);
  });

  it('refuses a tensor that has no place', () => {
    const bytes = writeGguf([], [{ name: 'mystery.weight', type: 'F32', shape: [8], data: new Uint8Array(32) }]);
    expect(() => planShards(parse(bytes).tensors, 2, 2)).toThrow(/"mystery.weight" belongs to no shard/);
  });
});

describe('splitting', () => {
  const model = makeTinyModel({ layerCount: 5, type: 'Q4_1', tied: true });

  it('puts every tensor’s bytes into the right shard, in a file of its own', async () => {
    const whole = parse(model);
    const bytesOf = (bytes: Uint8Array, name: string) => {
      const tensor = parse(bytes).tensors.find((candidate) => candidate.name === name)!;
      return Buffer.from(bytes.subarray(tensor.offset, tensor.offset + tensor.sizeBytes));
    };
    const shards = await Promise.all(split(model, 5, 3).map(wholeFile));
    const files = shards.map(parse);
    expect(files.map((file) => names(file).filter((name) => name.includes('attn_q')))).toEqual([
      ['blk.0.attn_q.weight', 'blk.1.attn_q.weight'],
      ['blk.2.attn_q.weight', 'blk.3.attn_q.weight'],
      ['blk.4.attn_q.weight'],
    ]);
    expect(names(files[0]!)).toContain('token_embd.weight');
    expect(names(files[2]!).slice(-2)).toEqual(['output_norm.weight', 'output.weight']);
    expect(files.flatMap(names).toSorted()).toEqual([...names(whole), 'output.weight'].toSorted());
    for (const [index, file] of files.entries()) {
      for (const name of names(file)) {
        const original = name === 'output.weight' ? 'token_embd.weight' : name;
        expect(bytesOf(shards[index]!, name).equals(bytesOf(model, original))).toBe(true);
      }
    }
  });

  it('keeps an output matrix of its own', async () => {
    const untied = makeTinyModel({ layerCount: 2, tied: false });
    const [, last] = await Promise.all(split(untied, 2, 2).map(wholeFile));
    expect(names(parse(last!)).filter((name) => name === 'output.weight')).toHaveLength(1);
  });

  it('gives shard 0 all metadata, the others the hyperparameters, all the split keys', async () => {
    const whole = parse(model);
    const files = (await Promise.all(split(model, 5, 3).map(wholeFile))).map(parse);
    const splitKeys = ['split.no', 'split.count', 'split.tensors.count'];
    expect([...files[0]!.metadata.keys()]).toEqual([...whole.metadata.keys(), ...splitKeys]);
    for (const [index, file] of files.entries()) {
      expect(splitKeys.map((key) => file.metadata.get(key))).toEqual([index, 3, whole.tensors.length + 1]);
      expect(file.metadata.get('llama.block_count')).toBe(5);
      expect(file.metadata.has('tokenizer.ggml.tokens')).toBe(index === 0);
    }
  });

  it('tells the other shards how many tokens there are, where the file leaves that to its tokenizer', async () => {
    const silent = makeTinyModel({ layerCount: 2, metadata: { 'llama.vocab_size': null } });
    const [first, second] = (await Promise.all(split(silent, 2, 2).map(wholeFile))).map(parse);
    const { length } = first!.metadata.get('tokenizer.ggml.tokens') as string[];
    expect(first!.metadata.has('llama.vocab_size')).toBe(false);
    expect(second!.metadata.get('llama.vocab_size')).toBe(length);
  });

  it('gives the same bytes however they are read', async () => {
    const shards = split(model, 5, 2);
    const again = split(model, 5, 2);
    for (const [index, shard] of shards.entries()) {
      const bytes = await wholeFile(shard);
      expect(bytes.length).toBe(shard.sizeBytes);
      expect(parse(bytes).headerBytes).toBe(shard.headerBytes);
      await fc.assert(
        fc.asyncProperty(fc.nat(shard.sizeBytes), fc.nat(shard.sizeBytes), async (a, b) => {
          const from = Math.min(a, b);
          const part = await again[index]!.read(from, Math.max(a, b) - from);
          expect(bytes.subarray(from, Math.max(a, b)).equals(part)).toBe(true);
        }),
      );
    }
  });

  it('keeps the alignment of the file', async () => {
    const aligned = writeGguf(
      [encodeEntry('general.alignment', 'u32', 128)],
      [0, 1].map((layer) => ({
        name: `blk.${layer}.a.weight`,
        type: 'F32' as const,
        shape: [3],
        data: new Uint8Array(new Float32Array([layer, 2, 3]).buffer),
      })),
      128,
    );
    const [, second] = await Promise.all(split(aligned, 2, 2).map(wholeFile));
    const file = parse(second!);
    expect(file.alignment).toBe(128);
    expect(second!.readFloatLE(file.tensors[0]!.offset)).toBe(1);
    expect(second!.length).toBe(file.headerBytes + 128);
  });

  it('never reads more than a few megabytes at once', async () => {
    const rows = 1 << 20;
    const big = writeGguf(
      [],
      [{ name: 'blk.0.a.weight', type: 'F32', shape: [3 * rows], data: new Uint8Array(12 * rows) }],
    );
    let largest = 0;
    const source: GgufSource = {
      sizeBytes: big.length,
      read: (offset, length) => {
        largest = Math.max(largest, length);
        return bytesSource(big).read(offset, length);
      },
    };
    const [shard] = split(big, 1, 1, source);
    expect((await wholeFile(shard!)).length).toBe(shard!.sizeBytes);
    expect(largest).toBeLessThanOrEqual(4 * 1024 * 1024);
  });

  it('stops when told', async () => {
    const controller = new AbortController();
    const iterate = async () => {
      for await (const _ of readChunks(split(model, 5, 1)[0]!, controller.signal)) controller.abort();
    };
    controller.abort();
    await expect(iterate()).rejects.toMatchObject({ code: 'aborted' });
  });
});
