import { expect, it } from 'vitest';
import { LapMinute } from '../../../src/app/lap-minute.ts';

const lap = (computeMs: number, wireMs = 1, peerId = 'a') => ({
  totalMs: computeMs + wireMs,
  stages: [{ peerId, layers: { start: 0, end: 8 }, computeMs, waitMs: 0, wireMs, roundTripMs: 2 }],
});

it('is the mean of the laps of the last minute', () => {
  const minute = new LapMinute();
  expect(minute.add(lap(10), 0)).toMatchObject({ totalMs: 11, laps: 1 });
  expect(minute.add(lap(20), 30_000)).toMatchObject({ totalMs: 16, laps: 2, stages: [{ computeMs: 15, wireMs: 1 }] });
  // The first is too old now.
  expect(minute.add(lap(40), 60_001)).toMatchObject({ totalMs: 31, laps: 2, stages: [{ computeMs: 30 }] });
});

it('begins anew with another route', () => {
  const minute = new LapMinute();
  minute.add(lap(10), 0);
  expect(minute.add(lap(30, 1, 'b'), 10)).toMatchObject({
    totalMs: 31,
    laps: 1,
    stages: [{ peerId: 'b', computeMs: 30 }],
  });
});
