import { expect, test } from 'vitest';
import type { ShardRow, TimelineEvent } from '../../../src/app/app-model.ts';
import { Timeline } from '../../../src/app/timeline.ts';
import { TabNames } from '../../../src/ui/tab-names.ts';
import { eventWords } from '../../../src/ui/timeline-words.ts';
import { waitWords } from '../../../src/ui/wait-words.ts';

const SELF = 'peer-of-this-tab';
const A = 'peer-with-end-a1b2c3';
const B = 'peer-with-end-d4e5f6';
const NAMES = new TabNames(SELF, [], new Map());
const layers = { start: 8, end: 16 };
const shards = (own: Partial<ShardRow> = {}) =>
  [0, 8, 16].map((start, index) => ({
    index,
    layers: { start, end: start + 8 },
    state: 'absent',
    storedBytes: 0,
    totalBytes: 100,
    ...(index === 1 ? own : {}),
  })) as ShardRow[];

test('says who fetches what an answer waits for, and how long; aloud without the seconds', () => {
  const words = waitWords({ reason: 'shard', layers, peerIds: [B], waitedMs: 12_300 }, shards(), NAMES);
  expect(words).toEqual({
    text: 'Waiting for layers 8-15: …d4e5f6 fetches shard 1 (12 s so far).',
    spoken: 'Waiting for layers 8-15: …d4e5f6 fetches shard 1.',
    wanted: [],
  });
});

test('asks for help where nobody has the layers, until this tab fetches them', () => {
  const wait = { reason: 'shard', layers, peerIds: [], waitedMs: 5000 } as const;
  const words = waitWords(wait, shards(), NAMES);
  expect(words.text).toContain('Nobody has layers 8-15 yet (5 s so far): share the invite link, or join with shard 1');
  expect(words.wanted).toEqual([1]);
  const own = waitWords(wait, shards({ state: 'downloading', storedBytes: 41 }), NAMES);
  expect(own.text).toBe('Waiting for layers 8-15: this tab fetches shard 1 (41 %, 5 s so far).');
  expect(own.wanted).toEqual([]);
});

test('tells a place in the queue', () => {
  const words = waitWords({ reason: 'queue', place: 3, seconds: 3.6 }, shards(), NAMES);
  expect(words).toMatchObject({ text: 'In the queue: place 3, about 4 s.', spoken: 'In the queue: place 3.' });
});

test('tells what happened to a route', () => {
  const left = { kind: 'replaced', layers, from: [A], to: [B], pauseMs: 412.3, positions: 57 } as const;
  expect(eventWords({ ...left, reason: 'lost' }, NAMES)).toEqual({
    kind: 'lost',
    headline: 'Layers 8-15: …a1b2c3 left, …d4e5f6 took over after 0.4 s.',
    facts: ['stood still 412 ms', '57 positions rebuilt'],
  });
  expect(eventWords({ ...left, reason: 'leaving', to: [SELF] }, NAMES).headline).toBe(
    'Layers 8-15: …a1b2c3 handed over to this tab before leaving.',
  );
  expect(eventWords({ ...left, reason: 'lost', to: [A] }, NAMES).headline).toContain('lost the conversation');
});

test('keeps the newest rows, and one row for one wait however often it is told', () => {
  const timeline = new Timeline();
  for (let tokens = 0; tokens < 80; tokens++) timeline.add({ kind: 'reopened', tokens });
  expect(timeline.rows.value).toHaveLength(50);
  expect(timeline.rows.value[0]!.event).toEqual({ kind: 'reopened', tokens: 79 });
  for (const waitedMs of [2000, 3000]) timeline.waits('one', { reason: 'shard', layers, peerIds: [B], waitedMs });
  // Another answer waits at the same time, for a moment.
  timeline.waits('other', { reason: 'shard', layers, peerIds: [], waitedMs: 0 });
  timeline.waited('other', 'served');
  timeline.waited('one', 'served');
  timeline.waited('one', 'given-up');
  const [newest, before] = timeline.rows.value.map(({ event }): TimelineEvent => event);
  expect(newest).toMatchObject({ kind: 'waited', peerIds: [B], outcome: 'served' });
  expect(before).toEqual({ kind: 'reopened', tokens: 79 });
});
