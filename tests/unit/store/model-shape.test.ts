import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../../cli/catalogue.ts';
import { openModel } from '../../../cli/model-file.ts';
import { DEFAULT_DATA_DIR } from '../../../cli/model-source.ts';
import { bytesSource } from '../../../src/gguf/gguf-file.ts';
import { planShards } from '../../../src/gguf/plan.ts';
import { parseGguf, readGguf } from '../../../src/gguf/read.ts';
import { findArchitecture } from '../../../src/model/architectures.ts';
import { largestShardBytes, type ModelShape, shapeOf } from '../../../src/store/publish/model-shape.ts';
import { shardCountFor, TAB_WEIGHT_BYTES } from '../../../src/store/publish/shard-count.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';

/** Sizes in shares of what an ordinary tab holds. */
const shape = (layerCount: number, layer: number, embedding: number, output: number): ModelShape => ({
  layerCount,
  layersBytes: layerCount * layer * TAB_WEIGHT_BYTES,
  embeddingBytes: embedding * TAB_WEIGHT_BYTES,
  outputBytes: output * TAB_WEIGHT_BYTES,
});

describe('the shape of a model', () => {
  it.each([false, true])('tells its shards’ sizes (tied: %s)', (tied) => {
    const bytes = makeTinyModel({ layerCount: 7, tied, type: 'Q8_0' });
    const file = parseGguf(bytes, 'tiny.gguf', bytes.length);
    for (const count of [1, 2, 3, 4, 7]) {
      const shards = planShards(file.tensors, 7, count).map(({ tensors }) =>
        tensors.reduce((sum, { source }) => sum + source.sizeBytes, 0),
      );
      expect(largestShardBytes(shapeOf(file), count)).toBe(Math.max(...shards));
    }
  });

  it.each(CATALOGUE)(
    'of $id is the file’s, where it is there',
    async ({ fileName, architecture, shape, sizeBytes }) => {
      expect(findArchitecture(architecture, fileName).name).toBe(architecture);
      expect(shape.layersBytes + shape.embeddingBytes).toBeLessThan(sizeBytes);
      const path = join(DEFAULT_DATA_DIR, fileName);
      if (!existsSync(path)) return;
      const file = await readGguf(await openModel(path), fileName, 'counted');
      expect({ architecture: file.metadata.get('general.architecture'), shape: shapeOf(file) }).toEqual({
        architecture,
        shape,
      });
    },
  );
});

it.each([
  ['a small model', shape(30, 0.01, 0.05, 0.05), 4],
  ['one of fewer layers than four', shape(2, 0.01, 0.05, 0.05), 2],
  ['one that fits to the byte', shape(8, 0.5, 0, 0), 4],
  ['one that does not', shape(8, 0.501, 0, 0), 8],
  ['one with a large output matrix, whose last shard is the largest', shape(16, 0.25, 0, 0.5), 6],
  ['one whose output matrix alone is too large', shape(16, 0.25, 0, 2), 4],
  ['one whose layers are too large each', shape(6, 2, 0, 0), 6],
])('splits %s for ordinary tabs by itself', (_, model, expected) => {
  expect(shardCountFor(model)).toBe(expected);
});

it('counts the layers of a file', () => {
  const bytes = makeTinyModel({ layerCount: 3 });
  return expect(readGguf(bytesSource(bytes), 'tiny.gguf').then(shapeOf).then(shardCountFor)).resolves.toBe(3);
});
