import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SpreadPace } from '../../../src/swarm/assign/spread-pace.ts';
import type { Membership } from '../../../src/swarm/members/membership.ts';
import { type OwnFacts, Roster } from '../../../src/swarm/members/roster.ts';
import type { Standing } from '../../../src/swarm/route/standing.ts';

const MIB = 1024 * 1024;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Bytes that a greedy download gets in `seconds`, 2 MiB at a time. */
async function fetchedIn(seconds: number, pace: SpreadPace): Promise<number> {
  const stop = new AbortController();
  let bytes = 0;
  const download = (async () => {
    for (;;) {
      await pace.next(2 * MIB, stop.signal);
      bytes += 2 * MIB;
    }
  })().catch(() => undefined);
  await vi.advanceTimersByTimeAsync(seconds * 1000);
  stop.abort();
  await vi.advanceTimersByTimeAsync(1000);
  await download;
  return bytes;
}

describe('the pace of spreading', () => {
  it('is eight megabytes a second at most, after a burst', async () => {
    const pace = new SpreadPace(() => true);
    expect(await fetchedIn(10, pace)).toBeLessThanOrEqual((16 + 80 + 4) * MIB);
    expect(await fetchedIn(10, pace)).toBeGreaterThan(70 * MIB);
  });

  it('is none while it is not quiet, and goes on when it is again', async () => {
    let quiet = false;
    const pace = new SpreadPace(() => quiet);
    expect(await fetchedIn(60, pace)).toBe(0);
    quiet = true;
    expect(await fetchedIn(1, pace)).toBeGreaterThan(8 * MIB);
    // What was not used is not saved up without end.
    expect(await fetchedIn(10, pace)).toBeLessThanOrEqual((16 + 80 + 4) * MIB);
  });

  it('ends with its signal', async () => {
    const pace = new SpreadPace(() => false);
    const stop = new AbortController();
    const waiting = expect(pace.next(1, stop.signal)).rejects.toThrow();
    stop.abort();
    await vi.advanceTimersByTimeAsync(300);
    await waiting;
  });
});

describe('a swarm', () => {
  const facts = (change: Partial<OwnFacts>): OwnFacts => ({
    ...{ ready: [], pending: [], layersPerSecond: 0, queueLength: 0, sessions: 0, memoryBytes: 0 },
    ...{ willing: false, auto: false },
    ...change,
  });
  const idle = (own: OwnFacts, others: readonly OwnFacts[], standing: Standing = 'vouched') =>
    new Roster({
      peerId: 'self',
      membership: { members: () => others, standing: () => standing } as unknown as Membership,
      own: () => own,
      joined: () => true,
      roundTripMs: () => 0,
      late: () => false,
    }).idle(2);

  it('is idle when every shard is served and nobody works, waits or loads', () => {
    const one = facts({ ready: [0] });
    const other = facts({ ready: [1] });
    expect(idle(one, [other])).toBe(true);
    expect(idle(one, [])).toBe(false);
    for (const change of [{ sessions: 1 }, { queueLength: 1 }, { pending: [0] }]) {
      expect(idle(one, [{ ...other, ...change }])).toBe(false);
      expect(idle({ ...one, ...change }, [other])).toBe(false);
    }
  });

  it('is kept from its rest by nobody of whom other tabs alone tell', () => {
    expect(idle(facts({ ready: [0, 1] }), [facts({ sessions: 1 })], 'heard')).toBe(true);
    expect(idle(facts({ ready: [0, 1] }), [facts({ sessions: 1 })], 'connected')).toBe(false);
  });
});
