import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blobSource, bytesSource } from '../../../src/gguf/gguf-file.ts';
import { planShards } from '../../../src/gguf/plan.ts';
import { readGguf } from '../../../src/gguf/read.ts';
import { splitGguf } from '../../../src/gguf/split.ts';
import { holdModel } from '../../../src/library/alone/held-model.ts';
import { filesOf } from '../../../src/library/alone/model-files.ts';
import { createEngine, type Engine } from '../../../src/library/node.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';

const folder = mkdtempSync(join(tmpdir(), 'shoal-library-'));
const file = join(folder, 'tiny.gguf');
const bytes = makeTinyModel({ type: 'Q4_1', layerCount: 4 });
const ASKED = { messages: [{ role: 'user' as const, content: 'Hello!' }], temperature: 0, max_tokens: 12 };

beforeAll(() => writeFileSync(file, bytes));
afterAll(() => rmSync(folder, { recursive: true }));

async function answerOf(engine: Engine): Promise<string | null | undefined> {
  const { choices } = await engine.chat.completions.create(ASKED);
  return choices[0]?.message.content;
}

describe('an engine in Node', () => {
  let engine: Engine;
  let answer: string | null | undefined;

  beforeAll(async () => {
    engine = await createEngine({ file, threads: 1 });
    answer = await answerOf(engine);
  });
  afterAll(() => engine.unload());

  test('answers, whole and streamed, and names the model by its file', async () => {
    expect(engine.modelId()).toBe('tiny');
    expect(answer!.length).toBeGreaterThan(0);
    let streamed = '';
    for await (const { choices } of await engine.chat.completions.create({ ...ASKED, stream: true }))
      streamed += choices[0]?.delta.content ?? '';
    expect(streamed).toBe(answer);
  });

  test('holds an answer to a schema', async () => {
    const schema = JSON.stringify({ type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] });
    const { choices } = await engine.chat.completions.create({
      ...ASKED,
      max_tokens: 60,
      response_format: { type: 'json_object', schema },
    });
    expect(JSON.parse(choices[0]!.message.content!)).toEqual({ ok: expect.any(Boolean) });
  });

  test('of a set of parts answers as of the one file that they were', async () => {
    const source = bytesSource(bytes);
    const whole = await readGguf(source, 'tiny.gguf');
    const parts = splitGguf(whole, source, planShards(whole.tensors, 4, 2));
    for (const [index, part] of parts.entries())
      writeFileSync(join(folder, `set-0000${index + 1}-of-00002.gguf`), await part.read(0, part.sizeBytes));
    const joined = await createEngine({ file: join(folder, 'set-00001-of-00002.gguf'), name: 'mine', threads: 1 });
    try {
      expect(joined.modelId()).toBe('mine');
      expect(await answerOf(joined)).toBe(answer);
    } finally {
      await joined.unload();
    }
  });

  test('answers no more once it is unloaded, and says so', async () => {
    const other = await createEngine({ file, threads: 1 });
    await other.unload();
    await expect(other.chat.completions.create(ASKED)).rejects.toMatchObject({
      code: 'bad-request',
      message: expect.stringContaining('unloaded'),
    });
  });

  test('that is cancelled while it loads is not made', async () => {
    await expect(createEngine({ file, threads: 1, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
  });

  test('of a file that is no model says what is wrong', async () => {
    const wrong = join(folder, 'wrong.gguf');
    writeFileSync(wrong, 'This is no model.');
    await expect(createEngine({ file: wrong })).rejects.toMatchObject({ code: 'bad-gguf' });
  });
});

describe('a model that is held as one shard', () => {
  test('is read from a Blob as from the bytes, also into a buffer that is given', async () => {
    const held = await holdModel([{ name: 'tiny.gguf', source: blobSource(new Blob([bytes])) }]);
    const { shard } = held.reader;
    expect(held.manifest.shards).toEqual([shard]);
    expect(shard).toMatchObject({ layers: { start: 0, end: 4 }, hasEmbedding: true, hasOutput: true });
    const into = new Uint8Array(5000);
    const read = await held.reader.read(100, 4000, { into });
    expect(read.buffer).toBe(into.buffer);
    expect(read).toEqual(await held.reader.read(100, 4000));
  });

  test('takes the parts of a set in the order of their names', () => {
    const file = (name: string) => new File([readFileSync(join(folder, 'tiny.gguf'))], name);
    const names = filesOf([file('m-00002-of-00002.gguf'), file('m-00001-of-00002.gguf')]).map(({ name }) => name);
    expect(names).toEqual(['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf']);
  });

  test('is refused without a file', async () => {
    await expect(holdModel([])).rejects.toMatchObject({ code: 'bad-request' });
  });
});
