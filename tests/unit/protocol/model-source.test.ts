import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../../src/gguf/gguf-file.ts';
import { decodeManifest, encodeManifest, type Manifest } from '../../../src/protocol/manifest.ts';
import {
  checkSource,
  checkSourceUrl,
  isPrivateHost,
  LAYER_SPLIT,
  sourceHost,
  sourceOf,
} from '../../../src/protocol/model-source.ts';
import { publishModel } from '../../../src/store/publish/publish.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';

const HUB = 'https://huggingface.co/owner/model/resolve/0123abc/model.gguf';
/** Of the tiny model below in two shards, as the builds before sources named it. */
const PLAIN_ID = '8a07682aecc8442872feabdb1807b5725ca42d953ec4a48eac152228b4a82bd4';
const SOURCE = { split: LAYER_SPLIT, files: [{ url: HUB, sizeBytes: 98_362_432 }] };

describe('where a manifest may send tabs', () => {
  it('is a public https address of a model file', () => {
    expect(checkSourceUrl(HUB, 'shoal.example').host).toBe('huggingface.co');
    expect(checkSourceUrl(HUB, undefined).host).toBe('huggingface.co');
    expect(sourceHost(checkSource(SOURCE, '127.0.0.1'))).toBe('huggingface.co');
  });

  it.each([
    ['http://huggingface.co/model.gguf', 'not https'],
    ['ftp://huggingface.co/model.gguf', 'not https'],
    ['data:,model.gguf', 'not https'],
    ['model.gguf', 'no address'],
    ['https://me:secret@huggingface.co/model.gguf', 'credentials'],
    ['https://me@huggingface.co/model.gguf', 'credentials'],
    [`${HUB}?token=hf_secret`, 'query'],
    [`${HUB}?`, 'query'],
    [`${HUB}#part`, 'query'],
    ['https://huggingface.co/', 'no .gguf file'],
    ['https://huggingface.co:8443/model.gguf', 'port 8443'],
    ['https://192.168.1.1/model.gguf', 'private network'],
    ['https://127.0.0.1/model.gguf', 'private network'],
    ['https://0x7f.1/model.gguf', 'private network'],
    ['https://2130706433/model.gguf', 'private network'],
    ['https://[::1]/model.gguf', 'private network'],
    ['https://[fd00::1]/model.gguf', 'private network'],
    ['https://8.8.8.8/model.gguf', 'private network'],
    ['https://router/model.gguf', 'private network'],
    ['https://nas.local/model.gguf', 'private network'],
    ['https://nas.local./model.gguf', 'private network'],
    ['https://files.corp.internal/model.gguf', 'private network'],
    ['https://box.home.arpa/model.gguf', 'private network'],
    ['https://localhost/model.gguf', 'private network'],
  ])('is not %s: %s', (url, problem) => {
    expect(() => checkSourceUrl(url, 'shoal.example')).toThrow(problem);
  });

  it('is one of a private network where the page is in one too, and never without https', () => {
    for (const page of ['127.0.0.1', 'localhost', '[::1]', '192.168.0.7', 'nas.local'])
      expect(checkSourceUrl('https://192.168.1.1:8443/model.gguf', page).port).toBe('8443');
    expect(() => checkSourceUrl('http://127.0.0.1/model.gguf', '127.0.0.1')).toThrow('not https');
    expect(() => checkSourceUrl('https://me:x@127.0.0.1/model.gguf', '127.0.0.1')).toThrow('credentials');
    expect(isPrivateHost('huggingface.co')).toBe(false);
  });

  it('is one host, whose way of cutting is known', () => {
    const other = { url: 'https://other.example/model.gguf', sizeBytes: 1 };
    expect(() => checkSource({ ...SOURCE, files: [...SOURCE.files, other] }, undefined)).toThrow('2 hosts');
    expect(() => checkSource({ ...SOURCE, split: 'by-expert' }, undefined)).toThrow('by-expert');
  });

  it('is not published where it may not be asked', () => {
    const at = (url: string, page?: string) => sourceOf([{ url: new URL(url), sizeBytes: 7 }], page);
    expect(at(HUB)).toEqual({ split: LAYER_SPLIT, files: [{ url: HUB, sizeBytes: 7 }] });
    expect(at(`${HUB}?token=1`)).toBeUndefined();
    expect(at('https://127.0.0.1/model.gguf')).toBeUndefined();
    expect(at('https://127.0.0.1/model.gguf', '127.0.0.1')).toBeDefined();
    expect(at(`https://hub.example/${'x'.repeat(1100)}.gguf`)).toBeUndefined();
  });
});

describe("a manifest's source", () => {
  const model = bytesSource(makeTinyModel({ layerCount: 3 }));
  const publish = (source?: typeof SOURCE) => publishModel(model, { fileName: 'tiny.gguf', shardCount: 2, source });

  it('is part of what names the swarm, and without one the bytes are what they always were', async () => {
    const plain = await publish();
    const named = await publish(SOURCE);
    // A swarm of that time goes on.
    expect(plain.manifestId).toBe(PLAIN_ID);
    expect(named.manifestId).not.toBe(plain.manifestId);
    expect((await publish(SOURCE)).manifestId).toBe(named.manifestId);
    const { source, ...rest } = decodeManifest(encodeManifest(named.manifest));
    expect(source).toEqual(SOURCE);
    expect(rest).toEqual(decodeManifest(encodeManifest(plain.manifest)));
    expect(Buffer.from(encodeManifest(plain.manifest)).includes('source')).toBe(false);
  });

  it.each([
    ['no list', { split: LAYER_SPLIT, files: 'https://x/y.gguf' }],
    ['an empty list', { split: LAYER_SPLIT, files: [] }],
    ['a file without a size', { split: LAYER_SPLIT, files: [{ url: HUB }] }],
    ['a size of nothing', { split: LAYER_SPLIT, files: [{ url: HUB, sizeBytes: 0 }] }],
    ['an endless address', { split: LAYER_SPLIT, files: [{ url: `https://x/${'y'.repeat(2000)}`, sizeBytes: 1 }] }],
    ['thousands of files', { split: LAYER_SPLIT, files: Array(5000).fill(SOURCE.files[0]) }],
    ['no split', { files: SOURCE.files }],
  ])('with %s is malformed', async (_, source) => {
    const { manifest } = await publish();
    const bytes = new TextEncoder().encode(JSON.stringify({ ...manifest, source } as unknown as Manifest));
    expect(() => decodeManifest(bytes)).toThrow('malformed at "source');
  });
});
