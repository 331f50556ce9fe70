import { describe, expect, it } from 'vitest';
import type { HubSetting } from '../../../src/app/app-model.ts';
import { modelHub } from '../../../src/app/model-hub.ts';
import { log } from '../../../src/core/log.ts';
import { bytesSource } from '../../../src/gguf/gguf-file.ts';
import { LAYER_SPLIT } from '../../../src/protocol/model-source.ts';
import { publishModel } from '../../../src/store/publish/publish.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';

const source = { split: LAYER_SPLIT, files: [{ url: 'https://hub.example/tiny.gguf', sizeBytes: 1 }] };
const { manifest } = await publishModel(bytesSource(makeTinyModel()), { fileName: 'tiny.gguf', shardCount: 2, source });
const PAGE = 'https://shoal.example/';

describe("the hub of a swarm's model", () => {
  it.each<[HubSetting, open: boolean, inPrivate: boolean]>([
    ['open', true, false],
    ['always', true, true],
    ['never', false, false],
  ])('may be asked as the owner says: %s', (wish, open, inPrivate) => {
    const may = (isPrivate: boolean) => modelHub(manifest, { page: PAGE, isPrivate, wish: () => wish })?.allowed();
    expect([may(false), may(true)]).toEqual([open, inPrivate]);
  });

  it('is none where the manifest names none, or one that tabs may not ask', () => {
    const options = { page: PAGE, isPrivate: false, wish: () => 'always' as const };
    expect(modelHub({ ...manifest, source: undefined }, options)).toBeUndefined();
    const files = [{ url: 'https://192.168.0.1/tiny.gguf', sizeBytes: 1 }];
    expect(modelHub({ ...manifest, source: { ...source, files } }, options)).toBeUndefined();
    expect(log.lines().at(-1)?.text).toMatch(/left alone: .*192\.168\.0\.1 is of a private network/);
    expect(
      modelHub({ ...manifest, source: { ...source, files } }, { ...options, page: 'http://127.0.0.1:8787/' }),
    ).toBeDefined();
  });
});
