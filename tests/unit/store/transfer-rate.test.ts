import { expect, test } from 'vitest';
import { TransferRate } from '../../../src/store/transfer-rate.ts';

/** Time left as somebody sees it who looks four times a second, of 100 MB that come in parts. */
function timesLeft(bytesAt: (seconds: number) => number, seconds: number): (number | undefined)[] {
  const rate = new TransferRate();
  return Array.from({ length: 4 * seconds }, (_, look) => {
    const bytes = bytesAt(look / 4);
    rate.note(bytes, 250 * look);
    const perSecond = rate.bytesPerSecond;
    return perSecond === undefined || perSecond === 0 ? undefined : (100e6 - bytes) / perSecond;
  });
}

test('the time left is steady while bytes come in bursts', () => {
  // Three requests of 2 MiB at a time, as the server's copy is fetched, at 2 MB a second.
  const burst = 3 * 2 ** 21;
  const seen = timesLeft((seconds) => Math.floor((2e6 * seconds) / burst) * burst, 40);
  for (const [look, left] of seen.entries()) {
    const seconds = look / 4;
    // As true as the bytes that are there: those of the next burst are on their way.
    if (seconds >= 8) expect(Math.abs(left! - (50 - seconds)), `after ${seconds} s`).toBeLessThan(5);
  }
  // It counts down, and never up again by more than a second.
  for (let at = 33; at < seen.length; at++) expect(seen[at]! - seen[at - 1]!).toBeLessThan(1);
});

test('nothing is said from too little, and a changed speed is told within the window', () => {
  const steady = timesLeft((seconds) => 2e6 * seconds, 10);
  expect(steady.slice(0, 5).every((left) => left === undefined)).toBe(true);
  expect(steady.at(-1)).toBeCloseTo((100e6 - 2e6 * 9.75) / 2e6, 0);
  const slower = timesLeft((seconds) => (seconds < 10 ? 4e6 * seconds : 40e6 + 1e6 * (seconds - 10)), 30);
  expect(slower.at(-1)! / ((100e6 - 40e6 - 19.75e6) / 1e6)).toBeCloseTo(1, 1);
});

test('what stands still gets slower', () => {
  const stalled = timesLeft((seconds) => Math.min(40e6, 2e6 * seconds), 60).filter((left) => left !== undefined);
  expect(stalled.at(-1)!).toBeGreaterThan(60);
});

test('it is the mean of the last seconds, from the first byte on', () => {
  const rate = new TransferRate();
  rate.note(0, 0);
  rate.note(0, 10_000);
  expect(rate.bytesPerSecond).toBeUndefined();
  rate.note(1000, 10_500);
  expect(rate.bytesPerSecond).toBeUndefined();
  rate.note(4000, 12_000);
  expect(rate.bytesPerSecond).toBe(2000);
  // Half a second more than the pause before counts as time without bytes.
  rate.note(4000, 14_000);
  expect(rate.bytesPerSecond).toBe(1500);
  for (let second = 15; second < 60; second++) rate.note(4000 + (second - 14) * 500, second * 1000);
  expect(rate.bytesPerSecond).toBe(500);
});
