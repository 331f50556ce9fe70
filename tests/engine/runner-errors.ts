import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LayerRunner, StageTask } from '../../src/engine/layer-runner.ts';
import { parseGguf } from '../../src/gguf/read.ts';
import { encodeEntry } from '../../src/gguf/write.ts';
import { makeTinyModel } from '../fixtures/tiny-model.ts';
import { type SplitModel, splitBytes } from '../support/shard-readers.ts';
import { LAST, type OpenRunner } from './fixture.ts';

const LAYERS = { start: 0, end: 4 };
const GOOD: StageTask = {
  session: 's',
  layers: LAYERS,
  position: 0,
  input: { dtype: 'u32', ids: Uint32Array.of(1) },
  candidates: LAST,
};

const BAD: [code: string, what: string, change: { [Key in keyof StageTask]?: StageTask[Key] | undefined }][] = [
  ['unknown-session', 'another session', { session: 'x' }],
  ['bad-request', 'other layers', { layers: { start: 0, end: 3 } }],
  ['bad-request', 'a position that is not the length', { position: 1 }],
  ['bad-request', 'no tokens', { input: { dtype: 'u32', ids: new Uint32Array() } }],
  ['bad-request', 'too many tokens', { input: { dtype: 'u32', ids: new Uint32Array(300) } }],
  ['bad-request', 'an id beyond the vocabulary', { input: { dtype: 'u32', ids: Uint32Array.of(100_000) } }],
  ['bad-request', 'hidden states where ids belong', { input: { dtype: 'f32', hidden: new Float32Array(64) } }],
  ['bad-request', 'too many candidates', { candidates: { ...LAST, count: 129 } }],
  ['bad-request', 'a wanted id beyond the vocabulary', { candidates: { ...LAST, wantedIds: Uint32Array.of(100_000) } }],
  ['bad-request', 'too many wanted ids', { candidates: { ...LAST, wantedIds: new Uint32Array(513) } }],
  ['bad-request', 'a short mask', { candidates: { ...LAST, mask: new Uint32Array(1) } }],
  ['bad-request', 'no wish for candidates', { candidates: undefined }],
  ['context-full', 'more tokens than the session may hold', { input: { dtype: 'u32', ids: new Uint32Array(9) } }],
];

/** What every runner refuses and reports. Called in a test file of each implementation. */
export function testRunnerErrors(openRunner: OpenRunner): void {
  let model: SplitModel;
  let runner: LayerRunner;
  beforeAll(async () => {
    model = await splitBytes(makeTinyModel({ type: 'Q8_0' }), 2);
    runner = await openRunner(model);
  });
  afterAll(() => runner.close());

  it.each(BAD)('refuses a task: %s for %s', async (code, _, change) => {
    await runner.openSession({ session: 's', layers: LAYERS, maxTokens: 8 });
    await expect(runner.execute({ ...GOOD, ...change } as StageTask)).rejects.toMatchObject({ code });
    // And goes on with a good one.
    await expect(runner.execute(GOOD)).resolves.toMatchObject({ rows: [{}] });
    await runner.closeSession('s');
  });

  it('checks sessions', async () => {
    const open = (layers: { start: number; end: number }, maxTokens = 8) =>
      runner.openSession({ session: 't', layers, maxTokens });
    await expect(open({ start: 0, end: 5 })).rejects.toMatchObject({ code: 'shard-not-loaded' });
    await expect(open(LAYERS, 257)).rejects.toMatchObject({ code: 'limit-exceeded' });
    await open(LAYERS);
    await expect(open(LAYERS)).rejects.toMatchObject({ code: 'bad-request' });
    await expect(runner.truncateSession('t', 1)).rejects.toMatchObject({ code: 'bad-request' });
    await expect(runner.truncateSession('x', 0)).rejects.toMatchObject({ code: 'unknown-session' });
    await runner.closeSession('t');
    await runner.closeSession('t');
  });

  it('says when the KV cache is full, and serves again when there is room', async () => {
    // Two pages of 4 layers, 2 KV heads of 16, keys and values.
    const small = await openRunner(model, [0, 1], 2 * 4 * 32 * 2 * 2 * 16 * 4);
    expect(small.freeTokens()).toBe(64);
    await small.openSession({ session: 'a', layers: LAYERS, maxTokens: 256 });
    await small.openSession({ session: 'b', layers: LAYERS, maxTokens: 256 });
    const input = { dtype: 'u32' as const, ids: new Uint32Array(32) };
    await small.execute({ ...GOOD, session: 'a', input });
    await small.execute({ ...GOOD, session: 'a', position: 32, input });
    await expect(small.execute({ ...GOOD, session: 'b' })).rejects.toMatchObject({ code: 'out-of-memory' });
    await small.truncateSession('a', 32);
    await expect(small.execute({ ...GOOD, session: 'b' })).resolves.toBeDefined();
    await small.close();
  });

  it('refuses shards of another model, or broken ones, and loads the right one after', async () => {
    const fresh = await openRunner(model, []);
    const other = await splitBytes(makeTinyModel({ type: 'Q8_0', feedForwardWidth: 128 }), 2);
    await expect(fresh.loadShard(other.readers[0]!)).rejects.toMatchObject({ code: 'bad-gguf' });
    const base = await splitBytes(
      makeTinyModel({ metadata: { 'llama.rope.freq_base': encodeEntry('llama.rope.freq_base', 'f32', 5) } }),
      2,
    );
    await expect(fresh.loadShard(base.readers[1]!)).rejects.toMatchObject({ code: 'bad-gguf' });
    const { shard, read } = model.readers[0]!;
    const cut = { shard: { ...shard, sizeBytes: shard.headerBytes + 10 }, read };
    await expect(fresh.loadShard(cut)).rejects.toMatchObject({ code: 'truncated-gguf' });
    await expect(fresh.openSession({ session: 'a', layers: LAYERS, maxTokens: 8 })).rejects.toMatchObject({
      code: 'shard-not-loaded',
    });
    await fresh.loadShard(model.readers[0]!);
    expect(fresh.loadedShards()).toEqual([0]);
    await fresh.close();
  });

  it('stops loading when told to, and reports progress until then', async () => {
    const fresh = await openRunner(model, []);
    const controller = new AbortController();
    const progress: number[] = [];
    const onProgress = (bytes: number) => {
      progress.push(bytes);
      if (progress.length === 3) controller.abort();
    };
    const load = fresh.loadShard(model.readers[0]!, { signal: controller.signal, onProgress });
    await expect(load).rejects.toMatchObject({ code: 'aborted' });
    expect(progress).toHaveLength(3);
    expect(progress.toSorted((a, b) => a - b)).toEqual(progress);
    expect(fresh.loadedShards()).toEqual([]);
    await fresh.close();
  });

  it('passes on no values that are no finite numbers, and takes none', async () => {
    const bytes = makeTinyModel({ type: 'F32' });
    const { tensors } = parseGguf(bytes, 'model.gguf', bytes.length);
    const { offset } = tensors.find(({ name }) => name === 'blk.1.attn_norm.weight')!;
    new DataView(bytes.buffer).setFloat32(offset, Number.POSITIVE_INFINITY, true);
    const fresh = await openRunner(await splitBytes(bytes, 2));
    for (const layers of [{ start: 0, end: 2 }, LAYERS]) {
      await fresh.openSession({ session: 's', layers, maxTokens: 8 });
      const { candidates, ...task } = { ...GOOD, layers };
      const asked = layers === LAYERS ? { ...task, ...(candidates ? { candidates } : {}) } : task;
      await expect(fresh.execute(asked)).rejects.toMatchObject({ code: 'not-finite' });
      // Nothing was kept of it.
      await expect(fresh.execute(asked)).rejects.toMatchObject({ code: 'not-finite' });
      await fresh.closeSession('s');
    }
    const layers = { start: 2, end: 4 };
    await fresh.openSession({ session: 's', layers, maxTokens: 8 });
    const hidden = new Float32Array(64);
    const input = { dtype: 'f32' as const, hidden };
    await expect(fresh.execute({ ...GOOD, layers, input })).resolves.toBeDefined();
    hidden[63] = Number.NaN;
    await expect(fresh.execute({ ...GOOD, layers, position: 1, input })).rejects.toMatchObject({ code: 'bad-input' });
    await fresh.close();
  });

  it('forgets the sessions of an unloaded shard', async () => {
    const fresh = await openRunner(model);
    await fresh.openSession({ session: 's', layers: LAYERS, maxTokens: 8 });
    await fresh.unloadShard(1);
    expect(fresh.loadedShards()).toEqual([0]);
    await expect(fresh.execute(GOOD)).rejects.toMatchObject({ code: 'unknown-session' });
    await expect(fresh.openSession({ session: 's', layers: LAYERS, maxTokens: 8 })).rejects.toMatchObject({
      code: 'shard-not-loaded',
    });
    await fresh.loadShard(model.readers[1]!);
    await fresh.openSession({ session: 's', layers: LAYERS, maxTokens: 8 });
    await expect(fresh.execute(GOOD)).resolves.toBeDefined();
    await fresh.close();
  });
}
