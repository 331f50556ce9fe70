import { expect, it } from 'vitest';
import { mayBe, openModelFiles } from '../../../../src/app/models/model-files.ts';
import { bytesSource } from '../../../../src/gguf/gguf-file.ts';
import { publishModel } from '../../../../src/store/publish/publish.ts';
import { makeTinyModel, type TinyModelOptions } from '../../../fixtures/tiny-model.ts';

const opened = (options: TinyModelOptions = {}) => openModelFiles([new File([makeTinyModel(options)], 'a.gguf')]);

it("knows by its sizes whether a file may be a manifest's", async () => {
  const { manifest } = await publishModel(bytesSource(makeTinyModel()), { fileName: 'tiny.gguf', shardCount: 3 });
  expect(await mayBe(await opened(), manifest)).toBe(true);
  // Other weights of the same sizes: their hashes tell.
  expect(await mayBe(await opened({ seed: 2 }), manifest)).toBe(true);
  expect(await mayBe(await opened({ layerCount: 3 }), manifest)).toBe(false);
  expect(await mayBe(await opened({ layerCount: 5 }), manifest)).toBe(false);
  expect(await mayBe(await opened({ feedForwardWidth: 128 }), manifest)).toBe(false);
  expect(await mayBe(await opened({ type: 'F16' }), manifest)).toBe(false);
});

it('names the part of a set that was not chosen', async () => {
  const part = new File(['GGUF'], 'a-00001-of-00002.gguf');
  await expect(openModelFiles([part])).rejects.toThrow(
    'a-00002-of-00002.gguf is missing: choose all 2 parts together.',
  );
});
