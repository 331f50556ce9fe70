import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Manifest } from '../../../src/protocol/manifest.ts';
import type { RouteCandidate } from '../../../src/swarm/route/route.ts';
import { RoutePlanner } from '../../../src/swarm/route/route-planner.ts';
import { TrackRecords } from '../../../src/swarm/route/track-records.ts';
import { shardsOf } from '../../swarm/support/shards-of.ts';

const shards = shardsOf([8, 8]);
const idle = { layersPerSecond: 100, queueLength: 0, sessions: 0, overdue: false, roundTripMs: 2, links: [] };
const first: RouteCandidate = { peerId: 'first', ready: [0], ...idle };
const second: RouteCandidate = { peerId: 'second', ready: [1], ...idle };

let members: readonly RouteCandidate[];
let recruited: string | undefined;
const planner = new RoutePlanner({
  coordinator: 'me',
  manifest: { shards } as unknown as Manifest,
  candidates: () => members,
  everybody: () => members.map(({ ready, peerId }) => ({ ready, pending: [], peerId })),
  records: new TrackRecords(),
  onChange: () => () => undefined,
  recruit: () => recruited,
});

beforeEach(() => {
  vi.useFakeTimers();
  members = [first];
  recruited = undefined;
});
afterEach(() => vi.useRealTimers());

/** What becomes of it: 'waits' until it is settled. */
function watch(plan: Promise<unknown>): () => string {
  let state = 'waits';
  plan.then(
    () => {
      state = 'has a route';
    },
    ({ code }) => {
      state = code;
    },
  );
  return () => state;
}

describe('layers that nobody is known to serve', () => {
  it('fail a new answer after half a second', async () => {
    const state = watch(planner.planRoute());
    await vi.advanceTimersByTimeAsync(400);
    expect(state()).toBe('waits');
    await vi.advanceTimersByTimeAsync(700);
    expect(state()).toBe('shard-missing');
  });

  it('are looked for a beat longer when a stage was lost: its successor may have come a moment ago', async () => {
    const state = watch(planner.planRange({ start: 8, end: 16 }, new Set(['gone'])));
    await vi.advanceTimersByTimeAsync(2000);
    expect(state()).toBe('waits');
    members = [first, second];
    await vi.advanceTimersByTimeAsync(600);
    expect(state()).toBe('has a route');

    members = [first];
    const inVain = watch(planner.planRange({ start: 8, end: 16 }, new Set(['gone'])));
    await vi.advanceTimersByTimeAsync(4000);
    expect(inVain()).toBe('shard-missing');
  });

  it('are waited for as long as somebody brings them', async () => {
    recruited = 'somebody';
    const state = watch(planner.planRoute());
    await vi.advanceTimersByTimeAsync(60 * 60_000);
    expect(state()).toBe('waits');
    members = [first, second];
    await vi.advanceTimersByTimeAsync(600);
    expect(state()).toBe('has a route');
  });

  it('fail one that takes the swarm as it is, whoever would bring them', async () => {
    recruited = 'somebody';
    const state = watch(planner.planRoute({ recruits: false }));
    await vi.advanceTimersByTimeAsync(1100);
    expect(state()).toBe('shard-missing');
  });
});
