import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShoalError } from '../../../src/core/errors.ts';
import type { MetadataValue } from '../../../src/core/metadata.ts';
import { bytesSource } from '../../../src/gguf/gguf-file.ts';
import { readModelFile } from '../../../src/store/publish/model-file.ts';
import { checkModel } from '../../../src/store/publish/publish-checks.ts';
import { TINY_ARCHITECTURES } from '../../fixtures/tiny-architectures.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';

const RUNS = 200;
const numbers = fc.constantFrom(0, -1, 1, 2, 3, 0.5, 1e308, -1e308, 2 ** 32, 2 ** 53, Number.NaN, Infinity);
const value: fc.Arbitrary<MetadataValue> = fc.oneof(
  numbers,
  fc.constantFrom('', 'yarn', 'longrope', 'gemma3', 'gpt-oss', true, false),
  fc.array(numbers, { maxLength: 40 }),
);

const files = await Promise.all(
  TINY_ARCHITECTURES.map(async ([what, options]) => {
    const bytes = makeTinyModel({ ...options, layerCount: 2 });
    return [what, options, await readModelFile(bytesSource(bytes), 'model.gguf')] as const;
  }),
);

describe.each(files)('a file that claims to be %s', (_, options, file) => {
  const keys = [...file.metadata.keys()].filter((key) => !key.startsWith('tokenizer.'));
  const foreign = ['rope.factors', 'expert_count', 'attention.sliding_window_pattern', 'logit_scale'].map(
    (key) => `${options.architecture}.${key}`,
  );

  it('and is one is taken', () => {
    expect(checkModel(file).architecture).toBe(options.architecture);
  });

  it('and says anything else is taken, or refused by name', () => {
    const changes = fc.dictionary(fc.constantFrom(...keys, ...foreign), fc.option(value), { minKeys: 1, maxKeys: 3 });
    fc.assert(
      fc.property(changes, (changed) => {
        const metadata = new Map(file.metadata);
        for (const [key, to] of Object.entries(changed)) to === null ? metadata.delete(key) : metadata.set(key, to);
        try {
          checkModel({ ...file, metadata });
        } catch (error) {
          expect(error).toBeInstanceOf(ShoalError);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('and lacks a tensor, or has one too many, is refused', () => {
    fc.assert(
      fc.property(fc.nat(file.tensors.length - 1), fc.boolean(), (index, doubled) => {
        const tensor = file.tensors[index]!;
        if (tensor.name === 'output.weight' || tensor.name.startsWith('rope_f')) return;
        const tensors = doubled
          ? [...file.tensors, { ...tensor, name: `${tensor.name}.extra` }]
          : file.tensors.filter((other) => other !== tensor);
        expect(() => checkModel({ ...file, tensors })).toThrow(ShoalError);
      }),
      { numRuns: 40 },
    );
  });
});
