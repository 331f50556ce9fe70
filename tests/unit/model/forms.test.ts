import { expect, it } from 'vitest';
import { nodeHost } from '../../../src/cpu/node-host.ts';
import { createCpuRunner } from '../../../src/engine/cpu/cpu-runner.ts';
import { parseGguf } from '../../../src/gguf/read.ts';
import { encodeEntry } from '../../../src/gguf/write.ts';
import { Tokenizer } from '../../../src/tokenizer/index.ts';
import { opener, TestRoute } from '../../engine/fixture.ts';
import { FIELD_CASE, fieldCase, type OtherForm } from '../../fixtures/field-case.ts';
import { splitBytes } from '../../support/shard-readers.ts';

const open = opener((options) => createCpuRunner({ host: nodeHost, precision: 'exact', ...options }));
const KV_HEADS = 'llama.attention.head_count_kv';
const notes = Array.from({ length: 5000 }, (_, at) => `quantize.note.${at}`);
const forms: readonly (readonly [string, OtherForm])[] = [
  ['as most tools write it', { metadata: { [KV_HEADS]: encodeEntry(KV_HEADS, 'u32', 2) } }],
  ['with its KV heads layer by layer', {}],
  ['with its vectors as rows', { shapeOf: (shape) => (shape.length === 1 ? [...shape, 1] : shape) }],
  ['with 5,000 entries', { metadata: Object.fromEntries(notes.map((key, at) => [key, encodeEntry(key, 'u32', at)])) }],
];

it.each(forms)('a model %s says the same', async (_, form) => {
  const bytes = await fieldCase(form);
  const tokenizer = Tokenizer.fromMetadata(parseGguf(bytes, 'field-case.gguf', bytes.length).metadata);
  const ids = tokenizer.encode(FIELD_CASE.prompt, { parseSpecial: true });
  expect(ids).toHaveLength(21);
  const runner = await open(await splitBytes(bytes, 2));
  const route = await TestRoute.open([runner], [0, 2]);
  expect(await route.greedy(ids, FIELD_CASE.ids.length)).toEqual(FIELD_CASE.ids);
  await runner.close();
});
