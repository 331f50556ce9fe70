import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../../src/gguf/gguf-file.ts';
import { joinGguf, type ModelPart, partSetOf } from '../../../src/gguf/join.ts';
import { planShards } from '../../../src/gguf/plan.ts';
import { parseGguf } from '../../../src/gguf/read.ts';
import { splitGguf } from '../../../src/gguf/split.ts';
import { publishModel } from '../../../src/store/publish/publish.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';

/** A model in files, each with as many of the layers. */
function partsOf(bytes: Uint8Array, ...layers: number[]): ModelPart[] {
  const file = parseGguf(bytes, 'tiny.gguf', bytes.length);
  const layerCount = layers.reduce((sum, count) => sum + count);
  const single = planShards(file.tensors, layerCount, layerCount);
  const plans = layers.map((count, index) => {
    const own = single.splice(0, count);
    return { ...own[0]!, index, tensors: own.flatMap(({ tensors }) => tensors) };
  });
  return splitGguf(file, bytesSource(bytes), plans).map((source, index) => ({
    name: `tiny-0000${index + 1}-of-0000${layers.length}.gguf`,
    source,
  }));
}

/** As one file, in memory. */
async function joined(parts: readonly ModelPart[]): Promise<Uint8Array> {
  const source = await joinGguf(parts);
  return source.read(0, source.sizeBytes);
}

describe('the parts of a model', () => {
  const bytes = makeTinyModel({ type: 'Q8_0' });

  it.each([[[2, 2]], [[1, 3]], [[1, 1, 2]], [[1, 1, 1, 1]]])('with %j layers are the model again', async (layers) => {
    const whole = parseGguf(bytes, 'whole', bytes.length);
    const again = await joined(partsOf(bytes, ...layers));
    const file = parseGguf(again, 'joined', again.length);
    expect(file.metadata).toEqual(whole.metadata);
    const content = (of: Uint8Array, { tensors }: typeof file) =>
      new Map(tensors.map(({ name, offset, sizeBytes }) => [name, of.slice(offset, offset + sizeBytes)]));
    expect(content(again, file)).toEqual(content(bytes, whole));
  });

  it('make the shards that the one file makes', async () => {
    const options = { fileName: 'tiny.gguf', shardCount: 3 };
    const once = await publishModel(bytesSource(bytes), options);
    const again = await publishModel(await joinGguf(partsOf(bytes, 1, 3)), options);
    expect(again.manifestId).toBe(once.manifestId);
  });

  it('are read from anywhere, across their bounds', async () => {
    const source = await joinGguf(partsOf(bytes, 1, 3));
    const whole = await source.read(0, source.sizeBytes);
    for (let offset = 0; offset < source.sizeBytes; offset += 9973) {
      const length = Math.min(30_011, source.sizeBytes - offset);
      expect(await source.read(offset, length)).toEqual(whole.slice(offset, offset + length));
    }
  });

  it.each<[string, ModelPart[], RegExp]>([
    ['in another order', partsOf(bytes, 2, 2).toReversed(), /says that it is part 2 of 2, expected part 1 of 2/],
    [
      'of a set of another count',
      [partsOf(bytes, 2, 2)[0]!, partsOf(bytes, 1, 1, 2)[1]!],
      /^tiny-00002-of-00003\.gguf does not belong .*part 2 of 3, expected part 2 of 2.*Download the set again/,
    ],
    [
      'a whole file',
      [partsOf(bytes, 2, 2)[0]!, { name: 'tiny-00002-of-00002.gguf', source: bytesSource(bytes) }],
      /^tiny-00002-of-00002\.gguf does not belong .*no part of a model/,
    ],
    [
      'of a model with fewer tensors',
      [partsOf(bytes, 2, 2)[0]!, partsOf(makeTinyModel({ layerCount: 3 }), 2, 1)[1]!],
      /^tiny-00002-of-00002\.gguf does not belong .*has 30 tensors, that of tiny-00001-of-00002\.gguf has 39/,
    ],
    [
      'cut elsewhere, with a tensor twice',
      [partsOf(bytes, 3, 1)[0]!, partsOf(bytes, 1, 3)[1]!],
      /"blk\.1\..*" stands in tiny-00001-of-00002\.gguf too/,
    ],
    ['cut elsewhere, with a gap', [partsOf(bytes, 1, 3)[0]!, partsOf(bytes, 3, 1)[1]!], /hold 21 of the 39 tensors/],
  ])('are refused: %s', async (_, parts, message) => {
    await expect(joinGguf(parts)).rejects.toMatchObject({ code: 'bad-gguf', message: expect.stringMatching(message) });
  });
});

it.each([
  ['a/b', undefined],
  ['tiny.gguf', undefined],
  ['tiny-00003-of-00002.gguf', undefined],
  ['tiny-00000-of-00002.gguf', undefined],
  [
    'tiny-Q4-00002-of-00002.gguf',
    { wholeName: 'tiny-Q4.gguf', partNames: ['tiny-Q4-00001-of-00002.gguf', 'tiny-Q4-00002-of-00002.gguf'] },
  ],
])('tells the set of %s', (name, set) => {
  expect(partSetOf(name)).toEqual(set);
});
