import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openModel } from '../../../cli/model-file.ts';
import { planShards } from '../../../src/gguf/plan.ts';
import { parseGguf } from '../../../src/gguf/read.ts';
import { readChunks, splitGguf } from '../../../src/gguf/split.ts';
import { encodeEntry, encodeHeader, padded } from '../../../src/gguf/write.ts';
import { readModelFile } from '../../../src/store/publish/model-file.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';

const LAYERS = 12;
/** F: a layer has 400 MB in F32. */
const WIDE = 2 ** 19;
const NARROW = 96;
const MARK = Buffer.from('beyond four gibibytes');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-large-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A model file of 4.8 GB, nearly all of it a hole, with marks where its last layer's last matrix and its output end. */
async function writeSparse(path: string): Promise<void> {
  const small = parseGguf(makeTinyModel({ layerCount: LAYERS, feedForwardWidth: NARROW }), 'small', 2 ** 30);
  const tensors = small.tensors.map(({ name, type, shape }) => ({
    ...{ name, type },
    shape: name.includes('.ffn_') ? shape.map((size) => (size === NARROW ? WIDE : size)) : shape,
  }));
  const width = 'llama.feed_forward_length';
  const entries = new Map(small.rawMetadata).set(width, encodeEntry(width, 'u32', WIDE));
  const header = encodeHeader([...entries.values()], tensors, small.alignment);
  const file = await open(path, 'w');
  await file.write(header);
  let end = header.length;
  for (const { name, shape } of tensors) {
    const bytes = 4 * shape.reduce((product, size) => product * size, 1);
    if (name === `blk.${LAYERS - 1}.ffn_down.weight` || name === 'output.weight')
      await file.write(MARK, 0, MARK.length, end + bytes - MARK.length);
    end += padded(bytes, small.alignment);
  }
  await file.truncate(end);
  await file.close();
}

it('offsets beyond four gibibytes are those of the last shard’s tensors', async () => {
  const path = join(folder, 'large.gguf');
  await writeSparse(path);
  const source = await openModel(path);
  expect(source.sizeBytes).toBeGreaterThan(4.5 * 2 ** 30);
  const file = await readModelFile(source, 'large.gguf');
  expect(file.tensors.at(-1)!.offset).toBeGreaterThan(4 * 2 ** 30);
  const last = splitGguf(file, source, planShards(file.tensors, LAYERS, LAYERS)).at(-1)!;
  /** Where the mark begins, and the shard's first bytes. */
  const marks: number[] = [];
  const head: Buffer[] = [];
  let offset = 0;
  for await (const chunk of readChunks(last)) {
    const bytes = Buffer.from(chunk);
    if (offset === 0) head.push(bytes);
    for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + 1)) marks.push(offset + at);
    offset += bytes.length;
  }
  const shard = parseGguf(Uint8Array.from(Buffer.concat(head)), 'shard', last.sizeBytes);
  const ends = ['blk.11.ffn_down.weight', 'output.weight'].map((name) => {
    const tensor = shard.tensors.find((other) => other.name === name)!;
    return tensor.offset + tensor.sizeBytes - MARK.length;
  });
  expect(marks.toSorted((a, b) => a - b)).toEqual(ends.toSorted((a, b) => a - b));
}, 400_000);
