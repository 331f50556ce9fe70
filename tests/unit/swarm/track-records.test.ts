import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { believedSpeed } from '../../../src/swarm/route/believed-speed.ts';
import type { RouteCandidate } from '../../../src/swarm/route/route.ts';
import { TrackRecords } from '../../../src/swarm/route/track-records.ts';

let records: TrackRecords;
beforeEach(() => {
  vi.useFakeTimers();
  records = new TrackRecords();
});
afterEach(() => vi.useRealTimers());

describe('the record of a node', () => {
  it('has routes go around it after a failure, twice as long after each further', () => {
    records.fail('a', 'test');
    vi.advanceTimersByTime(9_900);
    expect([records.rests('a'), records.rests('b')]).toEqual([true, false]);
    vi.advanceTimersByTime(200);
    expect(records.rests('a')).toBe(false);
    records.fail('a', 'test');
    vi.advanceTimersByTime(19_900);
    expect(records.rests('a')).toBe(true);
    for (let count = 0; count < 30; count++) records.fail('a', 'test');
    vi.advanceTimersByTime(10 * 60_000 + 1);
    expect(records.rests('a')).toBe(false);
  });

  it('gets better by good laps', () => {
    records.fail('a', 'test');
    for (let lap = 0; lap < 32; lap++) records.done('a', 5);
    records.fail('a', 'test');
    vi.advanceTimersByTime(10_001);
    expect(records.rests('a')).toBe(false);
  });

  it('excuses once a minute what may happen to anybody', () => {
    expect(records.excuse('a', 'test')).toBe(false);
    vi.advanceTimersByTime(61_000);
    expect(records.excuse('a', 'test')).toBe(false);
    expect(records.rests('a')).toBe(false);
    expect(records.excuse('a', 'test')).toBe(true);
    expect(records.rests('a')).toBe(true);
  });

  it('excuses once that it does not show what a check asks for, until a check finds it good', () => {
    expect(records.withheld('a', 'test')).toBe(false);
    records.passed('a');
    expect(records.withheld('a', 'test')).toBe(false);
    expect(records.rests('a')).toBe(false);
    expect(records.withheld('a', 'test')).toBe(true);
    expect(records.rests('a')).toBe(true);
  });

  it('is that of a stranger again once it has lied', () => {
    for (let count = 0; count < 1000; count++) records.passed('a');
    records.lied('a', 'test');
    expect(records.audits('a').passed).toBe(0);
    vi.advanceTimersByTime(9 * 60_000);
    expect(records.rests('a')).toBe(true);
  });

  it('counts an accusation against the accused, and against whoever accuses a second', () => {
    expect(records.dispute('a', 'b')).toBe('b');
    expect(records.dispute('a', 'b')).toBe('b');
    expect(records.dispute('a', 'c')).toBe('a');
    expect(records.dispute('d', 'c')).toBe('c');
  });

  it('is forgotten for those whom nobody has met for longest, however many come', () => {
    records.done('first', 5);
    for (let peer = 0; peer < 5000; peer++) records.done(`peer-${peer}`, 5);
    expect(records.layersPerSecond('first')).toBeUndefined();
    expect(records.layersPerSecond('peer-4999')).toBe(200);
  });
});

describe('the speed that a plan counts on', () => {
  const candidate = (layersPerSecond: number): RouteCandidate => ({
    ...{ peerId: 'a', ready: [0], queueLength: 0, sessions: 0, overdue: false, roundTripMs: 2, links: [] },
    layersPerSecond,
  });

  it('is what was measured, whatever is said', () => {
    records.done('a', 2);
    expect(believedSpeed(candidate(1e308), records, 'me')).toBe(500);
    expect(believedSpeed(candidate(1), records, 'me')).toBe(500);
  });

  it('is what is said of itself by one that nobody knows, as long as that is no boast', () => {
    expect(believedSpeed(candidate(50), records, 'me')).toBe(50);
    expect(believedSpeed(candidate(1e308), records, 'me')).toBe(200);
    expect(believedSpeed(candidate(0), records, 'me')).toBe(200);
    expect(believedSpeed(candidate(1e308), records, 'a')).toBe(1e308);
  });

  it('is what it says, within reason, when it is to be tried and none has failed', () => {
    expect(believedSpeed(candidate(3000), records, 'me', true)).toBe(3000);
    expect(believedSpeed(candidate(1e308), records, 'me', true)).toBe(5000);
    records.fail('b', 'test');
    expect(believedSpeed(candidate(3000), records, 'me', true)).toBe(100);
    // Long ago, and another has done well.
    vi.advanceTimersByTime(10 * 60_000);
    records.done('c', 5);
    expect(believedSpeed(candidate(3000), records, 'me', true)).toBe(3000);
  });

  it('is less when others that nobody knew have failed, and as before when they do not', () => {
    for (const peer of ['b', 'c']) records.fail(peer, 'test');
    expect(believedSpeed(candidate(0), records, 'me')).toBeCloseTo(200 / 3);
    for (const peer of ['d', 'e']) records.done(peer, 5);
    expect(believedSpeed(candidate(0), records, 'me')).toBe(200);
  });
});
