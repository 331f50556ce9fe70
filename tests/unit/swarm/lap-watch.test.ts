import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LapWatch, type Standing } from '../../../src/swarm/coordinator/lap-watch.ts';

const ROUTE = ['first', 'last'].map((peerId, place) => ({ peerId, layers: { start: place, end: place + 1 } }));

/** What every stage says of the task that it is asked after. */
let said: { state: 'held' | 'passed' | 'unknown'; busy_ms: number; expected_ms: number };
let asked: number;
let standing: Standing[];
let watch: LapWatch;

beforeEach(() => {
  vi.useFakeTimers();
  said = { state: 'held', busy_ms: 100, expected_ms: 100 };
  asked = 0;
  standing = [];
  const send = async () => {
    asked++;
    return said;
  };
  watch = new LapWatch({
    session: '0'.repeat(32),
    route: ROUTE,
    commands: { send: send as never },
    onStanding: (what) => standing.push(what),
  });
});

afterEach(() => {
  watch.close();
  vi.useRealTimers();
});

async function lap(task: number, ms: number): Promise<void> {
  watch.begin(task);
  watch.sent(task);
  await vi.advanceTimersByTimeAsync(ms);
  watch.end(task);
}

it('asks nobody while laps take less than a second', async () => {
  for (let task = 0; task < 20; task++) await lap(task, 900);
  expect(asked).toBe(0);
});

it('asks after laps of three seconds until it knows that they take so long', async () => {
  for (let task = 0; task < 3; task++) await lap(task, 3000);
  expect(asked).toBeGreaterThan(0);
  asked = 0;
  for (let task = 3; task < 20; task++) await lap(task, 3000);
  expect(asked).toBe(0);
});

it('takes the quickest of the last laps for what is usual, so that one that was held up blinds it to none', async () => {
  for (let task = 0; task < 5; task++) await lap(task, 100);
  await lap(5, 10_000);
  asked = 0;
  await lap(6, 1500);
  expect(asked).toBeGreaterThan(0);
});

it('asks ever less often after a lap that comes to no end', async () => {
  const counts: number[] = [];
  watch.begin(0);
  watch.sent(0);
  for (let seconds = 0; seconds < 12; seconds += 4) {
    asked = 0;
    await vi.advanceTimersByTimeAsync(4000);
    counts.push(asked / ROUTE.length);
  }
  expect(counts[0]).toBeGreaterThanOrEqual(5);
  expect(counts[2]).toBeLessThanOrEqual(2);
});

it.each([
  [100, 2500],
  [4000, 10_000],
])('after laps of %d ms finds within %d that a task does not arrive, and who sent it', async (usualMs, limitMs) => {
  for (let task = 0; task < 3; task++) await lap(task, usualMs);
  standing = [];
  said = { state: 'unknown', busy_ms: 0, expected_ms: 0 };
  watch.begin(3);
  watch.sent(3);
  await vi.advanceTimersByTimeAsync(limitMs + 1500);
  expect(standing[0]).toMatchObject({ stage: ROUTE[0], why: 'a task has not come to it' });
});
