import 'fake-indexeddb/auto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { nodeHost } from '../../../src/cpu/node-host.ts';
import { createCpuRunner } from '../../../src/engine/cpu/cpu-runner.ts';
import { KeptSessions } from '../../../src/engine/kept-sessions.ts';
import type { LayerRunner } from '../../../src/engine/layer-runner.ts';
import type { SessionPages } from '../../../src/engine/session-pages.ts';
import { CheckpointDatabase } from '../../../src/store/idb/checkpoint-database.ts';
import { testRunnerCheckpoints } from '../../engine/runner-checkpoints.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';
import { type SplitModel, splitBytes } from '../../support/shard-readers.ts';

async function openRunner({ hyperparameters, readers }: SplitModel): Promise<LayerRunner & SessionPages> {
  const runner = await createCpuRunner({ host: nodeHost, hyperparameters });
  for (const reader of readers) await runner.loadShard(reader);
  return runner;
}

testRunnerCheckpoints(openRunner);

const layers = { start: 0, end: 4 };
const DAY_MS = 24 * 60 * 60_000;
const MINUTE_MS = 60_000;
const LENGTH = 100;
/** As names are: 32 digits. */
const nameOf = (index: number) => ({ name: String(index).padStart(32, '0'), manifestId: 'm', layers });

let runner: LayerRunner & SessionPages;
let databases = 0;
let store: CheckpointDatabase;
let kept: KeptSessions;

beforeAll(async () => {
  runner = await openRunner(await splitBytes(makeTinyModel({ type: 'Q4_1' }), 1));
  await runner.openSession({ session: 'long', layers, maxTokens: 256 });
  const ids = Uint32Array.from({ length: 50 }, (_, index) => index);
  for (const position of [0, 50])
    await runner.execute({
      ...{ session: 'long', layers, position },
      input: { dtype: 'u32', ids },
      candidates: { rows: 'none', count: 0, wantedIds: new Uint32Array() },
    });
});
afterAll(() => runner.close());
beforeEach(() => {
  store = new CheckpointDatabase(`kept-${databases++}`);
  // One page a part: four of them.
  kept = new KeptSessions(runner, store, 1);
});
afterEach(async () => {
  vi.useRealTimers();
  await runner.closeSession('new');
});

async function keep(index: number, maxBytes = 1 << 30): Promise<number> {
  const bytes = await kept.begin('long', nameOf(index), { length: LENGTH, unchanged: 0, maxBytes });
  while (!(await kept.writeNext('long')));
  return bytes;
}

async function restore(index: number, name: Partial<ReturnType<typeof nameOf>> = {}): Promise<number> {
  await runner.closeSession('new');
  await runner.openSession({ session: 'new', layers: name.layers ?? layers, maxTokens: 256 });
  return kept.restore('new', { ...nameOf(index), ...name });
}

/** Every key of the database. */
async function keys(): Promise<string[]> {
  const database = await new Promise<IDBDatabase>((resolve) => {
    const opening = indexedDB.open(`kept-${databases - 1}`);
    opening.onsuccess = () => resolve(opening.result);
  });
  const all = database.transaction('checkpoints').objectStore('checkpoints').getAllKeys();
  await new Promise((resolve) => (all.onsuccess = resolve));
  database.close();
  return all.result.map(String);
}

it('is there for who knows its name, its model and its layers', async () => {
  await keep(1);
  expect(await restore(1)).toBe(LENGTH);
  expect(await restore(2)).toBe(0);
  expect(await restore(1, { manifestId: 'another' })).toBe(0);
  expect(await restore(1, { layers: { start: 0, end: 3 } })).toBe(0);
  // None of these has harmed it.
  expect(await restore(1)).toBe(LENGTH);
});

it('tells nobody who reads the storage what it holds, or what it is called', async () => {
  await keep(1);
  const [head] = [...(await store.heads()).values()];
  expect((await keys()).join()).not.toContain(nameOf(1).name);
  expect(new TextDecoder('latin1').decode(head!.sealed)).not.toContain('length');
  const pages = await runner.readPages('long', { start: 0, end: 1 });
  const part = await store.part(...partNames(await keys())[0]!);
  expect(Buffer.from(part!).includes(Buffer.from(pages.subarray(0, 16)))).toBe(false);
});

function partNames(all: readonly string[]): [id: string, part: string][] {
  return all.filter((key) => key.startsWith('part/')).map((key) => key.split('/').slice(1) as [string, string]);
}

it.each(['a flipped bit', 'another part in its place', 'a part that is gone', 'a head that is damaged'])(
  'is thrown away with %s, and the session goes on empty',
  async (damage) => {
    await keep(1);
    const parts = partNames(await keys());
    expect(parts).toHaveLength(4);
    const [id, part] = parts[2]!;
    const bytes = (await store.part(id, part))!;
    if (damage === 'a flipped bit') bytes[1000]! ^= 1;
    const other = damage === 'another part in its place' ? (await store.part(...parts[1]!))! : bytes;
    const head = (await store.head(id))!;
    if (damage === 'a head that is damaged') head.sealed[20]! ^= 1;
    const left = damage === 'a part that is gone' ? parts.slice(0, 2) : parts;
    await store.putPart(id, part, other);
    await store.seal(
      id,
      head,
      left.map(([, name]) => name),
    );
    expect(await restore(1)).toBe(0);
    expect(await keys()).toEqual([]);
    const ids = Uint32Array.of(1, 2);
    const task = { session: 'new', layers, position: 0, input: { dtype: 'u32' as const, ids } };
    await runner.execute({ ...task, candidates: { rows: 'last', count: 1, wantedIds: new Uint32Array() } });
  },
);

it('has room for so much, and what was used longest ago goes first', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const bytes = await keep(1);
  vi.advanceTimersByTime(1000);
  await keep(2, 2 * bytes);
  vi.advanceTimersByTime(1000);
  expect(await restore(1)).toBe(LENGTH);
  vi.advanceTimersByTime(1000);
  await keep(3, 2 * bytes);
  expect([await restore(1), await restore(2), await restore(3)]).toEqual([LENGTH, 0, LENGTH]);
  await expect(keep(4, bytes - 1)).rejects.toMatchObject({ code: 'storage-full' });
  expect([await restore(1), await restore(3)]).toEqual([LENGTH, LENGTH]);
});

it('is gone after some days, with what it took', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  await keep(1);
  vi.advanceTimersByTime(2 * DAY_MS);
  expect(await restore(1)).toBe(LENGTH);
  vi.advanceTimersByTime(2 * DAY_MS);
  // Another is kept: the old one makes room though nobody asks for it.
  await keep(2);
  expect((await store.heads()).size).toBe(1);
  expect(await keys()).toHaveLength(5);
});

it('leaves nothing of one that was never whole, and the one before it under its name', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const wanted = { length: LENGTH, unchanged: 0, maxBytes: 1 << 30 };
  await kept.begin('long', nameOf(1), wanted);
  expect(await kept.writeNext('long')).toBe(false);
  // The page goes.
  kept = new KeptSessions(runner, store, 1);
  expect(await restore(1)).toBe(0);
  expect(await keys()).toHaveLength(1);
  vi.advanceTimersByTime(11 * MINUTE_MS);
  await keep(2);
  expect(await keys()).toHaveLength(5);

  await kept.begin('long', nameOf(2), wanted);
  expect(await kept.writeNext('long')).toBe(false);
  kept = new KeptSessions(runner, store, 1);
  expect(await restore(2)).toBe(LENGTH);
  await keep(2);
  // The parts of the one that was not finished are gone with the old ones.
  expect(await keys()).toHaveLength(5);
});

it('goes with all that is stored, when its owner says so', async () => {
  await keep(1);
  await store.clear();
  expect([await restore(1), await keys()]).toEqual([0, []]);
});

it('says that the storage is full, and forgets what it had begun', async () => {
  await kept.begin('long', nameOf(1), { length: LENGTH, unchanged: 0, maxBytes: 1 << 30 });
  await kept.writeNext('long');
  const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError');
  });
  await expect(kept.writeNext('long')).rejects.toMatchObject({ code: 'storage-full' });
  put.mockRestore();
  await expect(kept.writeNext('long')).rejects.toMatchObject({ code: 'bad-request' });
  expect(await keys()).toEqual([]);
});

it('is not larger than the session, nor put into one that is too short', async () => {
  await expect(
    (async () => {
      await kept.begin('long', nameOf(1), { length: 200, unchanged: 0, maxBytes: 1 << 30 });
      while (!(await kept.writeNext('long')));
    })(),
  ).rejects.toMatchObject({ code: 'bad-request' });
  await keep(1);
  await runner.openSession({ session: 'new', layers, maxTokens: 64 });
  expect(await kept.restore('new', nameOf(1))).toBe(0);
  expect(await restore(1)).toBe(LENGTH);
});
