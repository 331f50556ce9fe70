import { describe, expect, it } from 'vitest';
import { layerPageBytes, PAGE_TOKENS } from '../../../src/blocks/kv-layout.ts';
import type { MetadataValue } from '../../../src/core/metadata.ts';
import { bytesSource } from '../../../src/gguf/gguf-file.ts';
import { findArchitecture } from '../../../src/model/architectures.ts';
import { readModelFile } from '../../../src/store/publish/model-file.ts';
import { checkModel } from '../../../src/store/publish/publish-checks.ts';
import { tinyArchitecture } from '../../fixtures/tiny-architectures.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';

const options = tinyArchitecture('gemma4');
const file = await readModelFile(bytesSource(makeTinyModel(options)), 'model.gguf');

/** What the checks say of the file with other metadata. */
function withMetadata(changes: Readonly<Record<string, MetadataValue>>) {
  const changed = Object.entries(changes).map(([key, value]) => [`gemma4.${key}`, value] as const);
  return checkModel({ ...file, metadata: new Map([...file.metadata, ...changed]) });
}

describe('gemma4', () => {
  it('has KV pages of each layer’s own size', () => {
    // Two heads of 16, or one of 64; keys and values, f32.
    const [local, global] = [2 * 2 * 16 * PAGE_TOKENS * 4, 2 * 64 * PAGE_TOKENS * 4];
    expect(layerPageBytes(checkModel(file))).toEqual([local, global, local, global, local]);
  });

  it('turns a quarter of a global head, and what the file says of a local one', () => {
    const model = checkModel(file);
    const [main, local] = findArchitecture('gemma4', 'model.gguf').rotations!(model);
    expect(main).toMatchObject({ base: 100_000, dimensions: 64 });
    expect(main!.factors!.filter((factor) => factor === 1)).toHaveLength(8);
    expect(local).toMatchObject({ base: 3000, dimensions: 12, factors: undefined });
  });

  it.each<[string, Readonly<Record<string, MetadataValue>>, string, RegExp]>([
    [
      'embeddings for each layer',
      { embedding_length_per_layer_input: 256 },
      'unsupported-architecture',
      /gemma4\.embedding_length_per_layer_input = 256; supported: 0/,
    ],
    [
      'layers that share caches',
      { 'attention.shared_kv_layers': 2 },
      'unsupported-architecture',
      /gemma4\.attention\.shared_kv_layers = 2; supported: 0/,
    ],
    [
      'layers in no order',
      { 'attention.sliding_window_pattern': [true, false, false, true, false] },
      'unsupported-architecture',
      /local layers as attention\.sliding_window_pattern lists them/,
    ],
    [
      'too short a list of layers',
      { 'attention.sliding_window_pattern': [true, false, true] },
      'unsupported-architecture',
      /local layers as attention\.sliding_window_pattern lists them/,
    ],
    [
      'KV heads in no order',
      { 'attention.head_count_kv': [2, 1, 1, 1, 2] },
      'unsupported-architecture',
      /KV heads as attention\.head_count_kv lists them/,
    ],
    [
      'too short a list of KV heads',
      { 'attention.head_count_kv': [2, 1] },
      'bad-gguf',
      /gemma4\.attention\.head_count_kv lists 2 layers only/,
    ],
    [
      'KV heads that do not divide the heads',
      { 'attention.head_count_kv': [3, 1, 3, 1, 3] },
      'bad-gguf',
      /4 heads cannot share 3 KV heads evenly/,
    ],
    [
      'local values of another size',
      { 'attention.value_length_swa': 32 },
      'unsupported-architecture',
      /attention values of 32 and keys of 16 elements/,
    ],
    [
      'local rows that end within a block',
      { 'attention.key_length_swa': 20, 'attention.value_length_swa': 20 },
      'unsupported-architecture',
      /4 heads of 20 and 64 elements; supported: whole blocks of 32/,
    ],
    [
      'more rotated dimensions than a local head has',
      { 'rope.dimension_count_swa': 18 },
      'bad-gguf',
      /18 rotated dimensions do not fit a head of 16/,
    ],
  ])('refuses %s by name', (_, changes, code, message) => {
    expect(() => withMetadata(changes)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it('refuses values apart from keys in a global layer, and a file without factors', () => {
    const local = file.tensors.find(({ name }) => name === 'blk.0.attn_v.weight')!;
    const tensors = [...file.tensors, { ...local, name: 'blk.1.attn_v.weight' }];
    expect(() => checkModel({ ...file, tensors })).toThrow(/tensor "blk\.1\.attn_v\.weight"/);
    const metadata = new Map([...file.metadata].filter(([key]) => key !== 'gemma4.rope.factors'));
    expect(() => checkModel({ ...file, metadata })).toThrow(/tensor "rope_freqs\.weight" is missing/);
  });
});
