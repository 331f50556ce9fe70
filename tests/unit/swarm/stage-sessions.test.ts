import { afterEach, describe, expect, it, vi } from 'vitest';
import { StageSessions } from '../../../src/swarm/stage/stage-sessions.ts';

const REQUEST = {
  ...{ session: 'a', layers: { start: 0, end: 8 }, before: [], after: [], maxTokens: 100, firstTask: 0 },
  ...{ hashes: false, opening: 1 },
};
const SWEEP_MS = 10_000;

afterEach(() => vi.useRealTimers());

describe('a place whose coordinator', () => {
  /** Sweeps for so long. @returns seconds until it is over; undefined when it is not */
  function secondsUntilOver(
    seconds: number,
    connectedAt: (second: number) => boolean,
    workAt: (second: number) => boolean = () => false,
  ): number | undefined {
    vi.useFakeTimers();
    const sessions = new StageSessions();
    const place = sessions.add('coordinator', REQUEST);
    for (let second = SWEEP_MS / 1000; second <= seconds; second += SWEEP_MS / 1000) {
      vi.advanceTimersByTime(SWEEP_MS);
      if (workAt(second)) sessions.use(place);
      if (sessions.expired(Date.now(), () => connectedAt(second)).length > 0) return second;
    }
    return undefined;
  }

  it('is connected is kept for a quarter of an hour without work', () => {
    expect(secondsUntilOver(2000, () => true)).toBe(910);
  });

  it('has gone is over within 40 s', () => {
    expect(secondsUntilOver(2000, (second) => second <= 60)).toBe(100);
  });

  it('is back in time is kept', () => {
    expect(secondsUntilOver(600, (second) => second !== 30 && second !== 40)).toBeUndefined();
  });

  it('has gone while a stage before still had work for it is over as well', () => {
    expect(
      secondsUntilOver(
        2000,
        () => false,
        (second) => second <= 60,
      ),
    ).toBe(100);
  });
});
