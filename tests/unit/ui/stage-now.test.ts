import { expect, test } from 'vitest';
import type { LapMean } from '../../../src/app/app-model.ts';
import { stageNow } from '../../../src/ui/stage-now.ts';

const stage = (computeMs: number, wireMs: number) => ({
  ...{ peerId: 'a', layers: { start: 0, end: 1 }, computeMs, waitMs: 0, wireMs, roundTripMs: 0 },
});
const LAP: LapMean = { totalMs: 1000, laps: 3, atMs: 5000, stages: [stage(300, 0), stage(400, 100), stage(150, 50)] };

test('the token is where the mean lap has it, since the newest ended', () => {
  expect([5000, 5299, 5300, 5799, 5800, 5999].map((nowMs) => stageNow(LAP, nowMs))).toEqual([0, 0, 1, 1, 2, 2]);
});

test('a lap that takes longer is at its end, until nothing is under way any more', () => {
  expect(stageNow(LAP, 8000)).toBe(2);
  expect(stageNow(LAP, 8001)).toBeUndefined();
  expect(stageNow({ ...LAP, totalMs: 1 }, 7000)).toBe(2);
  expect(stageNow({ ...LAP, totalMs: 1 }, 7001)).toBeUndefined();
});
