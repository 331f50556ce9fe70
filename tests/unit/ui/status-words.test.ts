import { expect, test } from 'vitest';
import type { MemberRow, ShardRow } from '../../../src/app/app-model.ts';
import { NO_WISH } from '../../../src/store/shard-store.ts';
import { hindrance, ownProgress, type Situation, swarmWords } from '../../../src/ui/status-words.ts';

test('a ready swarm invites a prompt and blocks nothing', () => {
  const ready = situation({ state: 'ready' });
  expect(swarmWords(ready)).toBe('Every layer is covered: type a prompt.');
  expect(hindrance(ready)).toBeUndefined();
});

test('names the shards that are missing, and their layers in one range where they touch', () => {
  const gap = situation({ missing: [2, 3] });
  expect(swarmWords(gap)).toBe('Shards 2 and 3 are missing (layers 16-29): nobody runs them yet.');
  expect(hindrance(gap)).toEqual({ words: 'Shards 2 and 3 are missing.', blocks: true });
  expect(swarmWords(situation({ missing: [0, 2] }))).toContain('(layers 0-7 and 16-22)');
  expect(hindrance(situation({ missing: [1] }))?.words).toBe('Shard 1 is missing.');
  // A node takes what its own answer needs.
  const node = { ...gap, swarm: { ...gap.swarm, role: 'node' as const } };
  expect(hindrance(node)).toEqual({
    words: 'Shards 2 and 3 are missing: this tab fetches them when you ask.',
    blocks: false,
  });
});

test('an empty swarm says how to begin', () => {
  expect(swarmWords(situation({ missing: [0, 1, 2, 3] }))).toContain('run it all here');
});

test('a guest of a private swarm, who may not begin, hears that the link may be an old one', () => {
  const empty = { ...situation({ missing: [0, 1, 2, 3] }), admission: 'guest' as const };
  expect(swarmWords(empty)).toBe(
    'No tab runs the model under this link. Ask who gave it to you: there may be a new one.',
  );
});

test('a shard that is paused here is not fetched for an answer', () => {
  const wish = { ...NO_WISH, paused: true };
  const gap = situation({ missing: [2, 3], changes: { 3: { state: 'downloading', wish } } });
  const node = { ...gap, swarm: { ...gap.swarm, role: 'node' as const } };
  expect(hindrance(node)).toEqual({
    words: 'Shard 3 is paused in this tab, and nobody else has it: go on with it to be answered.',
    blocks: true,
  });
});

test('says nothing for certain before everybody can have been heard', () => {
  const nobody = situation({ missing: [0, 1, 2, 3], othersKnown: false });
  expect(swarmWords(nobody)).toContain('Listening for other tabs');
  expect(hindrance(nobody)).toEqual({ words: 'Listening for other tabs.', blocks: true });
  const some = situation({ missing: [2, 3], othersKnown: false });
  expect(swarmWords(some)).toBe('Shards 2 and 3 (layers 16-29): nobody has said so far that they run them.');
  expect(hindrance(some)).toEqual({ words: 'Listening for other tabs.', blocks: true });
});

test('a shard that this tab or another fetches is on its way, not missing', () => {
  const own = situation({ missing: [2, 3], changes: { 2: { state: 'loading' } } });
  expect(hindrance(own)).toEqual({ words: 'Shard 3 is missing.', blocks: true });
  const other = { ...own, members: [{ peerId: 'other', pending: [3] } as unknown as MemberRow] };
  expect(hindrance(other)).toEqual({ words: 'Answered as soon as shards 2 and 3 are loaded.', blocks: false });
  expect(swarmWords(other)).toBe('Shards 2 and 3 are being loaded; then every layer is covered.');
});

test('a shard whose download is paused is not on its way', () => {
  const paused = { state: 'downloading', storedBytes: 5_000_000, wish: { ...NO_WISH, paused: true } } as const;
  const gap = situation({ missing: [2], changes: { 2: paused } });
  expect(hindrance(gap)).toMatchObject({
    words: expect.stringContaining('Shard 2 is paused in this tab'),
    blocks: true,
  });
  expect(ownProgress(gap)).toBeUndefined();
  const other = situation({ changes: { 2: paused, 3: { state: 'downloading', storedBytes: 50_000_000 } } });
  expect(ownProgress(other)).toEqual({ words: 'Fetching shard 3: 50.0 of 100 MB', percent: 50 });
});

test('an insecure address comes before everything else', () => {
  expect(hindrance(situation({ state: 'offline', secureContext: false }))).toMatchObject({
    words: expect.stringContaining('insecure'),
    blocks: true,
  });
});

test('sums up what this tab fetches, checks and loads', () => {
  const rows = (changes: Record<number, Partial<ShardRow>>, runner: Options['runner'] = 'webgpu') =>
    situation({ changes, runner });
  expect(ownProgress(rows({}))).toBeUndefined();
  expect(
    ownProgress(
      rows({
        0: { state: 'downloading', storedBytes: 25_000_000, downBytesPerSecond: 12_000_000 },
        1: { state: 'downloading', storedBytes: 25_000_000, downBytesPerSecond: 1_000_000 },
      }),
    ),
  ).toEqual({ words: 'Fetching shards 0 and 1: 50.0 of 200 MB, 12 s left', percent: 25 });
  expect(ownProgress(rows({ 3: { state: 'verifying' } }))?.words).toBe('Checking the hash of shard 3');
  expect(ownProgress(rows({ 3: { state: 'loading', loadedBytes: 50_000_000 } }))).toEqual({
    words: 'Loading shard 3 onto the GPU: 50.0 of 100 MB',
    percent: 50,
  });
  expect(ownProgress(rows({ 1: { state: 'ready' }, 3: { state: 'ready' } }))).toEqual({
    words: 'This tab runs shards 1 and 3.',
    percent: 100,
  });
  // Where the processor computes there is no word of a GPU.
  expect(ownProgress(rows({ 3: { state: 'loading', loadedBytes: 50_000_000 } }, 'cpu'))?.words).toBe(
    'Loading shard 3 into memory: 50.0 of 100 MB',
  );
});

interface Options {
  state?: Situation['swarm']['state'];
  missing?: number[];
  changes?: Record<number, Partial<ShardRow>>;
  webgpu?: Situation['environment']['webgpu'];
  secureContext?: boolean;
  othersKnown?: boolean;
  runner?: 'webgpu' | 'cpu';
}

function situation(options: Options): Situation {
  const { state = 'waiting', missing = [], changes = {}, secureContext = true, othersKnown = true } = options;
  const bounds = [0, 8, 16, 23, 30];
  const shards = [0, 1, 2, 3].map((index) => ({
    index,
    layers: { start: bounds[index]!, end: bounds[index + 1]! },
    state: 'absent',
    storedBytes: 0,
    loadedBytes: 0,
    totalBytes: 100_000_000,
    downBytesPerSecond: 0,
    wish: NO_WISH,
    ...changes[index],
  })) as ShardRow[];
  return {
    swarm: { state, missing, nodes: 1, othersKnown, role: 'guest', peerId: 'self', introduction: 'online' },
    shards,
    members: [],
    environment: {
      secureContext,
      webgpu: 'available',
      adapter: '',
      runner: options.runner && { kind: options.runner, reason: '' },
      lacks: [],
      usedBytes: 0,
      quotaBytes: 0,
    },
    admission: 'open',
  };
}
