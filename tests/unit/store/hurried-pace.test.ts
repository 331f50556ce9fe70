import { expect, it, vi } from 'vitest';
import { HurriedPace } from '../../../src/store/hurried-pace.ts';
import { SpreadPace } from '../../../src/swarm/assign/spread-pace.ts';

const never = new AbortController().signal;

it('goes on at once where it waits when somebody comes to wait for the shard', async () => {
  const pace = new HurriedPace();
  pace.begin(new SpreadPace(() => false));
  const waiting = pace.next(0, never);
  pace.hurry();
  expect(await waiting).toBe(false);
  expect(await pace.next(0, never)).toBe(false);
  expect(pace.current).toBeUndefined();
});

it('keeps to the pace until then, and anew with the next', async () => {
  const pace = new HurriedPace();
  expect(await pace.next(0, never)).toBe(false);
  const next = vi.fn(async () => {});
  pace.begin({ next });
  expect(await pace.next(5, never)).toBe(true);
  expect(next).toHaveBeenCalledWith(5, expect.any(AbortSignal));
  pace.hurry();
  pace.begin({ next });
  expect(await pace.next(0, never)).toBe(true);
});

it('ends with what it paces', async () => {
  const pace = new HurriedPace();
  pace.begin(new SpreadPace(() => false));
  const stop = new AbortController();
  const waiting = pace.next(0, stop.signal);
  stop.abort(new Error('not wanted'));
  await expect(waiting).rejects.toThrow('not wanted');
});
