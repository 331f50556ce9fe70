import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { withDeadline } from '../../../src/core/deadline.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const LATE = new Error('late');

it('ends what takes too long, not before, and leaves no timer', async () => {
  let ended: unknown;
  withDeadline(new Promise(() => {}), 1000, LATE).catch((error: unknown) => {
    ended = error;
  });
  await vi.advanceTimersByTimeAsync(990);
  expect(ended).toBeUndefined();
  await vi.advanceTimersByTimeAsync(20);
  expect(ended).toBe(LATE);
  expect(await withDeadline(Promise.resolve(5), 1000, LATE)).toBe(5);
  await expect(withDeadline(Promise.reject(new Error('own')), 1000, LATE)).rejects.toThrow('own');
  expect(vi.getTimerCount()).toBe(0);
});

it('does not count a time in which the whole page stood still', async () => {
  let ended: unknown;
  const { promise, resolve } = Promise.withResolvers<number>();
  const answer = withDeadline(promise, 1000, LATE).catch((error: unknown) => {
    ended = error;
  });
  // A page that stood still has one timer to run when it goes on, however long it was.
  vi.advanceTimersToNextTimer();
  await Promise.resolve();
  resolve(1);
  await answer;
  expect(ended).toBeUndefined();
});
