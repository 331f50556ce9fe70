import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RouteStage } from '../../../src/protocol/frames.ts';
import { roundTripsOf } from '../../../src/swarm/route/round-trips.ts';
import { hopCostMs, layerCostMs, planRoute, type RouteCandidate } from '../../../src/swarm/route/route.ts';
import { shortlist } from '../../../src/swarm/route/shortlist.ts';
import { shardsOf } from '../../swarm/support/shards-of.ts';

const ME = 'me';
const shards = shardsOf([8, 8, 7, 7]);

function member(peerId: string, ready: readonly number[], more: Partial<RouteCandidate> = {}): RouteCandidate {
  const idle = { queueLength: 0, sessions: 0, overdue: false };
  return { peerId, ready, layersPerSecond: 100, ...idle, roundTripMs: 2, links: [], ...more };
}

/** Up to so many members, the last of them this tab's own, with some links told. */
function swarms(maxMembers: number): fc.Arbitrary<RouteCandidate[]> {
  const roundTripMs = fc.oneof(fc.constant(0), fc.double({ min: 0.1, max: 500, noNaN: true }));
  const facts = fc.record({
    ready: fc.uniqueArray(fc.nat(3), { maxLength: 4 }),
    layersPerSecond: fc.oneof(fc.constant(0), fc.double({ min: 1, max: 1e4, noNaN: true })),
    queueLength: fc.nat(20),
    sessions: fc.nat(20),
    overdue: fc.boolean(),
    roundTripMs,
    links: fc.array(fc.tuple(fc.constantFrom('p0', 'p1', 'p2', ME, 'stranger'), roundTripMs), { maxLength: 4 }),
  });
  return fc
    .tuple(fc.array(facts, { minLength: 1, maxLength: maxMembers }), fc.boolean())
    .map(([drawn, withOwn]) =>
      drawn.map((each, index) => ({ ...each, peerId: withOwn && index === drawn.length - 1 ? ME : `p${index}` })),
    );
}

/** What a choice of one holder a shard costs, by the words of the plan: the sum of its hops and its layers. */
function costOf(choice: readonly RouteCandidate[], candidates: readonly RouteCandidate[]): number {
  const roundTripMs = roundTripsOf(ME, candidates);
  const indexOf = (peerId: string) => candidates.findIndex((candidate) => candidate.peerId === peerId);
  let [at, cost] = [ME, 0];
  const go = (to: string) => {
    if (to === at) return;
    const [a, b] = [at, to].map((id) => (id === ME ? candidates.length : indexOf(id))) as [number, number];
    cost += hopCostMs(roundTripMs(a, b));
    at = to;
  };
  for (const [position, { layers }] of shards.entries()) {
    go(choice[position]!.peerId);
    cost += layerCostMs(choice[position]!, ME) * (layers.end - layers.start);
    if (choice[position]!.overdue) cost += 2000;
  }
  go(ME);
  return cost;
}

function choices(candidates: readonly RouteCandidate[]): RouteCandidate[][] {
  return shards.reduce<RouteCandidate[][]>(
    (all, { index }) =>
      all.flatMap((choice) =>
        candidates.filter(({ ready }) => ready.includes(index)).map((holder) => [...choice, holder]),
      ),
    [[]],
  );
}

function chosen(stages: readonly RouteStage[], candidates: readonly RouteCandidate[]): RouteCandidate[] {
  return shards.map(({ layers }) => {
    const stage = stages.find((each) => each.layers.start <= layers.start && layers.end <= each.layers.end)!;
    return candidates.find(({ peerId }) => peerId === stage.peerId)!;
  });
}

describe('planRoute', () => {
  it('goes through four nodes with a shard each, in order', () => {
    const plan = planRoute(shards, [member('d', [3]), member('b', [1]), member('a', [0]), member('c', [2])], ME);
    expect(plan.stages).toEqual([
      { peerId: 'a', layers: { start: 0, end: 8 } },
      { peerId: 'b', layers: { start: 8, end: 16 } },
      { peerId: 'c', layers: { start: 16, end: 23 } },
      { peerId: 'd', layers: { start: 23, end: 30 } },
    ]);
  });

  it('names every shard that nobody serves', () => {
    expect(planRoute(shards, [member('a', [0, 2])], ME).missing).toEqual([1, 3]);
  });

  it('stays in one node that holds everything rather than hop', () => {
    const plan = planRoute(shards, [member('a', [0]), member('all', [0, 1, 2, 3]), member('c', [2])], ME);
    expect(plan.stages).toEqual([{ peerId: 'all', layers: { start: 0, end: 30 } }]);
  });

  it('prefers a fast node, and leaves a busy one', () => {
    const slow = member('slow', [0, 1, 2, 3], { layersPerSecond: 10 });
    const fast = member('fast', [0, 1, 2, 3], { layersPerSecond: 1000 });
    const first = (...members: RouteCandidate[]) => planRoute(shards, members, ME).stages?.[0]?.peerId;
    expect(first(slow, fast)).toBe('fast');
    expect(first(slow, { ...fast, queueLength: 500 })).toBe('slow');
    expect(first(slow, { ...fast, sessions: 500 })).toBe('slow');
    expect(first(slow, { ...fast, overdue: true })).toBe('slow');
  });

  it('chooses neighbours that are near each other, by what they say of their link', () => {
    const pair = shards.slice(0, 2);
    const holders = [
      member('a', [0], { roundTripMs: 50, links: [['near', 1]] }),
      member('far', [1], { roundTripMs: 50, links: [['a', 80]] }),
      member('near', [1], { roundTripMs: 50 }),
    ];
    expect(planRoute(pair, holders, ME).stages?.map(({ peerId }) => peerId)).toEqual(['a', 'near']);
    const liar = holders.map((each) => ({ ...each, links: each.peerId === 'a' ? ([['near', 400]] as const) : [] }));
    expect(planRoute(pair, liar, ME).stages?.[1]?.peerId).toBe('far');
  });

  it('covers every layer once, in order, by nodes that hold them, at the lowest cost of all ways', () => {
    fc.assert(
      fc.property(swarms(4), (candidates) => {
        const plan = planRoute(shards, candidates, ME);
        if (!plan.stages) {
          const absent = shards.filter(({ index }) => !candidates.some(({ ready }) => ready.includes(index)));
          expect(plan.missing).toEqual(absent.map(({ index }) => index));
          return;
        }
        let next = 0;
        for (const [index, { peerId, layers }] of plan.stages.entries()) {
          expect(layers.start).toBe(next);
          expect(peerId).not.toBe(plan.stages[index + 1]?.peerId);
          next = layers.end;
        }
        expect(next).toBe(30);
        const choice = chosen(plan.stages, candidates);
        for (const [index, holder] of choice.entries()) expect(holder.ready).toContain(index);
        const least = Math.min(...choices(candidates).map((each) => costOf(each, candidates)));
        expect(costOf(choice, candidates)).toBeLessThanOrEqual(least * (1 + 1e-9));
      }),
      { numRuns: 500 },
    );
  });

  it('leaves a node whose queue grows, as soon as somebody else has its shards', () => {
    fc.assert(
      fc.property(swarms(6), (drawn) => {
        // A queue counts up to a limit, so the others must not be slower than that.
        const candidates = drawn.map((each) => ({ ...each, layersPerSecond: Math.max(each.layersPerSecond, 100) }));
        const before = planRoute(shards, candidates, ME).stages;
        fc.pre(before !== undefined);
        const left = before![0]!;
        const busy = candidates.map((each) => (each.peerId === left.peerId ? { ...each, queueLength: 1e6 } : each));
        const after = planRoute(shards, busy, ME).stages!;
        for (const { index, layers } of shards) {
          const spare = candidates.some(({ peerId, ready }) => peerId !== left.peerId && ready.includes(index));
          const stage = after.find((each) => each.layers.start <= layers.start && layers.end <= each.layers.end)!;
          if (spare) expect(stage.peerId).not.toBe(left.peerId);
        }
      }),
    );
  });

  it('spreads coordinators that start at the same moment over equal copies', () => {
    const copies = Array.from({ length: 4 }, (_, index) => member(`copy${index}`, [0, 1, 2, 3]));
    const counts = new Map<string, number>();
    for (let tab = 0; tab < 200; tab++) {
      const { peerId } = planRoute(shards, copies, `tab-${tab}`).stages![0]!;
      counts.set(peerId, (counts.get(peerId) ?? 0) + 1);
    }
    for (const copy of copies) expect(counts.get(copy.peerId)).toBeGreaterThan(25);
  });

  it('plans over 200 nodes and 40 shards in a few milliseconds', () => {
    const many = shardsOf(new Array<number>(40).fill(2));
    const nodes = (held: number) =>
      Array.from({ length: 200 }, (_, node) =>
        member(
          `node-${node}`,
          Array.from({ length: held }, (_, offset) => (node + offset) % 40),
          { links: Array.from({ length: 16 }, (_, link) => [`node-${(node * 7 + link) % 200}`, link + 1] as const) },
        ),
      );
    for (const held of [2, 8]) {
      const candidates = nodes(held);
      const timesMs = Array.from({ length: 60 }, () => {
        const startedAtMs = performance.now();
        expect(planRoute(many, candidates, ME).stages).toBeDefined();
        return performance.now() - startedAtMs;
      });
      const medianMs = timesMs.sort((a, b) => a - b)[30]!;
      console.log(`200 nodes with ${held} of 40 shards each: a plan in ${medianMs.toFixed(2)} ms`);
      // Far above what it takes, for machines that do other things too.
      expect(medianMs).toBeLessThan(20);
    }
  });
});

describe('a crowd that claims everything', () => {
  const many = shardsOf(new Array<number>(40).fill(2));
  const everything = many.map(({ index }) => index);
  const phantom = (name: number): RouteCandidate =>
    member(`phantom-${name}`, everything, {
      layersPerSecond: 1e308,
      roundTripMs: 0,
      links: Array.from({ length: 16 }, (_, link) => [`phantom-${(name * 7 + link) % 4096}`, 0] as const),
    });
  const honest = (name: number, more: Partial<RouteCandidate>): RouteCandidate =>
    member(`honest-${name}`, everything.slice(10 * name, 10 * name + 10), more);

  it('is planned over as a crowd of dozens is, whatever its size', () => {
    const timeMs = (size: number) => {
      const crowd = Array.from({ length: size }, (_, name) => phantom(name));
      const timesMs = Array.from({ length: 15 }, () => {
        const startedAtMs = performance.now();
        expect(planRoute(many, crowd, ME).stages).toBeDefined();
        return performance.now() - startedAtMs;
      });
      return timesMs.sort((a, b) => a - b)[7]!;
    };
    timeMs(64);
    const [few, crowd] = [timeMs(64), timeMs(4096)];
    console.log(`40 shards: a plan over 64 in ${few.toFixed(2)} ms, over 4,096 in ${crowd.toFixed(2)} ms`);
    // 64 times as long as it is, four thousand times were it quadratic: far from both, for machines that do other things too.
    expect(crowd).toBeLessThan(640 * few);
    expect(crowd).toBeLessThan(100);
  });

  it('pushes nobody honest off the list: connected, vouched for, or this tab', () => {
    const crowd = Array.from({ length: 4096 }, (_, name) => phantom(name));
    const own = member(ME, [0]);
    const connected = [0, 1, 2, 3].map((name) => honest(name, { standing: 'connected' }));
    const vouched = [0, 1, 2, 3].map((name) => ({
      ...honest(name, { standing: 'vouched' }),
      peerId: `vouched-${name}`,
    }));
    const all = [...crowd, own, ...connected, ...vouched];
    const costs = Float64Array.from(all, (each) => layerCostMs(each, ME));
    const listed = shortlist(many, all, ME, costs).map((index) => all[index]!);
    expect(listed).toEqual(expect.arrayContaining([own, ...connected, ...vouched]));
    for (const { index } of many) {
      const holders = listed.filter(({ ready }) => ready.includes(index)).length;
      expect(holders).toBeGreaterThanOrEqual(12);
      expect(holders).toBeLessThanOrEqual(40);
    }
  });

  it('leaves some places to chance, so that an unknown holder is tried among them', () => {
    const crowd = Array.from({ length: 60 }, (_, name) => phantom(name));
    const unknown = member('unknown', everything, { layersPerSecond: 1 });
    const all = [...crowd, unknown];
    const costs = Float64Array.from(all, (each) => layerCostMs(each, ME));
    let listed = 0;
    for (let plan = 0; plan < 400; plan++) if (shortlist(many, all, ME, costs).includes(60)) listed++;
    expect(listed).toBeGreaterThan(10);
  });

  it('has every shard on the list that anybody serves', () => {
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(fc.nat(39), { maxLength: 5 }), { minLength: 40, maxLength: 200 }), (held) => {
        const crowd = held.map((ready, name) => member(`p${name}`, ready));
        const costs = Float64Array.from(crowd, (each) => layerCostMs(each, ME));
        const listed = new Set(shortlist(many, crowd, ME, costs).flatMap((index) => crowd[index]!.ready));
        expect([...listed].sort()).toEqual([...new Set(held.flat())].sort());
      }),
      { numRuns: 50 },
    );
  });

  it.each([1e308, Number.MAX_VALUE, Number.POSITIVE_INFINITY, Number.NaN, -1, 5e-324, 0])(
    'costs something that can be counted with, and nothing below the fastest there is: %s',
    (claim) => {
      const claims = { layersPerSecond: claim, queueLength: claim, sessions: claim, roundTripMs: claim };
      for (const key of Object.keys(claims) as (keyof typeof claims)[]) {
        const liar = member('liar', [0, 1, 2, 3], { [key]: claims[key], links: [['a', claim]] });
        const cost = layerCostMs(liar, ME);
        expect(Number.isFinite(cost)).toBe(true);
        expect(cost).toBeGreaterThanOrEqual(1000 / 50_000);
        const best = member('a', [0, 1, 2, 3], { layersPerSecond: 100_000 });
        expect(planRoute(shards, [liar, { ...best, links: [['liar', claim]] }], ME).stages?.length).toBeGreaterThan(0);
        expect(Number.isFinite(roundTripsOf(ME, [liar, best])(0, 1))).toBe(true);
      }
    },
  );
});

describe('roundTripsOf', () => {
  const at = (candidates: readonly RouteCandidate[], one: number, other: number) =>
    roundTripsOf(ME, candidates)(one, other);

  it('takes what is measured, from the coordinator or from the other end', () => {
    const candidates = [member('a', [], { roundTripMs: 7 }), member('b', [], { roundTripMs: 0, links: [[ME, 9]] })];
    expect(at(candidates, 0, 2)).toBe(7);
    expect(at(candidates, 2, 1)).toBe(9);
  });

  it('believes the worse of two ends, and estimates what nobody has measured', () => {
    const a = member('a', [], { roundTripMs: 10, links: [['b', 3]] });
    const b = member('b', [], { roundTripMs: 40, links: [['a', 5]] });
    expect(at([a, b], 0, 1)).toBe(5);
    expect(at([a, member('b', [], { roundTripMs: 40 })], 1, 0)).toBe(3);
    expect(at([member('a', [], { roundTripMs: 10 }), member('b', [], { roundTripMs: 40 })], 0, 1)).toBe(40);
  });

  it('takes an unmeasured peer for a typical one, and the own tab for none', () => {
    const three = [member('a', [], { roundTripMs: 8 }), member('b', [], { roundTripMs: 0 }), member(ME, [])];
    expect(at(three, 1, 3)).toBe(8);
    expect(at(three, 2, 3)).toBe(0);
    expect(at(three, 2, 0)).toBe(8);
    expect(at([member('b', [], { roundTripMs: 0 })], 0, 1)).toBe(30);
  });
});
