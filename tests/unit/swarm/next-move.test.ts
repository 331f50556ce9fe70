import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Move, mayLeave, nextMove } from '../../../src/swarm/assign/next-move.ts';
import { type AssignMember, heldBy, shardNeeds } from '../../../src/swarm/assign/shard-need.ts';
import { bestVolunteer, chooseInTurn, chooseShard, roomOf } from '../../../src/swarm/assign/volunteer.ts';
import { shardsOf } from '../../swarm/support/shards-of.ts';

/** One byte each, so that `memoryBytes` counts shards. */
const shards = shardsOf([8, 8, 7, 7]);

function member(peerId: string, ready: readonly number[], more: Partial<AssignMember> = {}): AssignMember {
  const idle = { pending: [], layersPerSecond: 100, queueLength: 0, sessions: 0 };
  return { peerId, ready, ...idle, memoryBytes: 4, willing: true, auto: true, ...more };
}

function plan(self: string, members: readonly AssignMember[], fetchSeconds = 10): Move | undefined {
  return nextMove(self, { shards, members, fetchSeconds: () => fetchSeconds });
}

const members: fc.Arbitrary<AssignMember[]> = fc
  .array(
    fc.record({
      ready: fc.uniqueArray(fc.nat(3), { maxLength: 3 }),
      layersPerSecond: fc.oneof(fc.constant(0), fc.double({ min: 1, max: 1000, noNaN: true })),
      queueLength: fc.nat(10),
      memoryBytes: fc.integer({ min: 1, max: 4 }),
      auto: fc.boolean(),
      willing: fc.boolean(),
    }),
    { minLength: 1, maxLength: 10 },
  )
  .map((drawn) => drawn.map((each, index) => member(`p${index}`, each.ready, each)));

/** What the members look like once they have done what they decided. */
function apply(all: readonly AssignMember[], moves: ReadonlyMap<string, Move | undefined>): AssignMember[] {
  return all.map((each) => {
    const move = moves.get(each.peerId);
    if (!move) return each;
    if (move.kind === 'take') return { ...each, ready: [...each.ready, move.shard] };
    return { ...each, ready: [...each.ready.filter((shard) => shard !== move.from), move.to] };
  });
}

describe('nextMove', () => {
  it('gives each of four tabs a spare copy, mostly a neighbour of its own shard, and then rests', () => {
    let swarm = [0, 1, 2, 3].map((shard) => member(`p${shard}`, [shard]));
    swarm = apply(swarm, new Map(swarm.map(({ peerId }) => [peerId, plan(peerId, swarm)])));
    expect(swarm.map(({ ready }) => ready.length)).toEqual([2, 2, 2, 2]);
    const neighbours = swarm.filter(({ ready }) => Math.abs(ready[0]! - ready[1]!) === 1);
    expect(neighbours.length).toBeGreaterThanOrEqual(3);
    expect(swarm.map(({ peerId }) => plan(peerId, swarm))).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('brings back what nobody has before it makes spares', () => {
    const swarm = [member('a', [0]), member('b', [1]), member('c', [3], { auto: false, willing: false })];
    const moves = swarm.map(({ peerId }) => plan(peerId, swarm));
    expect(moves.filter((move) => move?.kind === 'take' && move.shard === 2)).toHaveLength(1);
  });

  it('moves from where there are many to where the swarm is slow, if the fetch is worth it', () => {
    const full = { memoryBytes: 1 };
    const swarm = [
      ...['a', 'b', 'c', 'd'].map((peerId) => member(peerId, [0], full)),
      ...[1, 2, 3].flatMap((shard) => [member(`x${shard}`, [shard], full), member(`y${shard}`, [shard], full)]),
    ];
    const slowed = swarm.map((each) => (each.ready[0] === 2 ? { ...each, layersPerSecond: 10 } : each));
    const movers = slowed.filter(({ peerId }) => plan(peerId, slowed));
    expect(movers).toHaveLength(1);
    expect(plan(movers[0]!.peerId, slowed)).toMatchObject({ kind: 'move', from: 0, to: 2, roomForBoth: false });
    expect(slowed.map(({ peerId }) => plan(peerId, slowed, 590))).toEqual(slowed.map(() => undefined));
    expect(slowed.map(({ peerId }) => plan(peerId, slowed, 1e9))).toEqual(slowed.map(() => undefined));
  });

  it('moves nobody whose owner has chosen', () => {
    fc.assert(
      fc.property(members, (swarm) => {
        for (const { peerId, auto } of swarm) if (!auto) expect(plan(peerId, swarm)).toBeUndefined();
      }),
    );
  });

  it('never leaves a gap, also when members see different parts of the swarm and all leave at once', () => {
    const views = fc.array(fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }), { minLength: 10, maxLength: 10 });
    let left = 0;
    fc.assert(
      fc.property(members, views, (swarm, sees) => {
        for (const { index } of shards) {
          const holders = swarm.filter(({ ready }) => ready.includes(index));
          const stay = holders.filter(({ peerId }) => {
            const self = swarm.findIndex((each) => each.peerId === peerId);
            const view = swarm.filter((_, other) => other === self || sees[self]![other]);
            return !mayLeave(peerId, index, view);
          });
          left += holders.length - stay.length;
          if (holders.length > 0) expect(stay.length).toBeGreaterThan(0);
        }
      }),
    );
    expect(left).toBeGreaterThan(100);
  });

  it('takes no more than fits, and comes to rest', () => {
    fc.assert(
      fc.property(members, (drawn) => {
        let swarm: AssignMember[] = drawn.map((each) => ({ ...each, ready: each.ready.slice(0, each.memoryBytes) }));
        const covered = new Set(swarm.flatMap(({ ready }) => ready));
        let rounds = 0;
        for (; rounds < 60; rounds++) {
          const moves = new Map(swarm.map(({ peerId }) => [peerId, plan(peerId, swarm)]));
          if ([...moves.values()].every((move) => !move)) break;
          swarm = apply(swarm, moves);
          for (const each of swarm) expect(roomOf(each, shards)).toBeGreaterThanOrEqual(0);
          for (const shard of covered) expect(swarm.some(({ ready }) => ready.includes(shard))).toBe(true);
        }
        expect(rounds).toBeLessThan(60);
      }),
    );
  });
});

describe('bestVolunteer', () => {
  it('is the fastest that is idle, willing, and has room', () => {
    const swarm = [
      member('slow', [0], { layersPerSecond: 10 }),
      member('fast', [0], { layersPerSecond: 200 }),
      member('unwilling', [0], { layersPerSecond: 900, willing: false }),
      member('full', [0], { layersPerSecond: 900, memoryBytes: 1 }),
    ];
    expect(bestVolunteer(1, shards, swarm)).toBe('fast');
    const busy = swarm.map((each) => (each.peerId === 'fast' ? { ...each, queueLength: 100 } : each));
    expect(bestVolunteer(1, shards, busy)).toBe('slow');
    expect(bestVolunteer(0, shards, swarm)).toBeUndefined();
  });

  it('is the same whatever the order in which the members are known', () => {
    fc.assert(
      fc.property(members, fc.nat(3), (swarm, shard) => {
        const best = bestVolunteer(shard, shards, swarm);
        expect(bestVolunteer(shard, shards, [...swarm].reverse())).toBe(best);
        const chosen = swarm.find(({ peerId }) => peerId === best);
        if (!chosen) return;
        expect(chosen.willing).toBe(true);
        expect(heldBy(chosen).has(shard)).toBe(false);
        expect(roomOf(chosen, shards)).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});

describe('chooseShard', () => {
  it('deals the shards out to tabs that come one by one, and then helps the slowest', () => {
    const swarm: AssignMember[] = [];
    for (let tab = 0; tab < 4; tab++) {
      const self = member(`p${tab}`, []);
      swarm.push({ ...self, pending: [chooseShard(self, shards, swarm)!] });
    }
    expect(swarm.map(({ pending }) => pending[0]).sort()).toEqual([0, 1, 2, 3]);
    const measured = swarm.map((each) => ({ ...each, layersPerSecond: each.pending[0] === 2 ? 10 : 100 }));
    expect(chooseShard(member('p4', []), shards, measured)).toBe(2);
    expect(chooseShard(member('p4', [0, 1, 2, 3]), shards, measured)).toBeUndefined();
  });
});

describe('chooseShard of tabs that know nobody yet', () => {
  it('begins anywhere, so that many that come at once cover most', () => {
    const choices = Array.from({ length: 64 }, (_, tab) => chooseShard(member(`peer-${tab * 7919}`, []), shards, []));
    expect(new Set(choices)).toEqual(new Set([0, 1, 2, 3]));
  });
});

describe('chooseInTurn', () => {
  const ids = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 12 });

  it('has those that come at once cover what is lacking, each shard by one, and then take all alike', () => {
    fc.assert(
      fc.property(ids, members, (newcomers, drawn) => {
        const holders = drawn.filter(({ ready }) => ready.length > 0);
        const swarm = [...holders, ...newcomers.map((peerId) => member(`q${peerId}`, []))];
        const others = (self: AssignMember) => swarm.filter((each) => each !== self);
        const choices = swarm
          .filter(({ ready }) => ready.length === 0)
          .map((self) => chooseInTurn(self, shards, others(self))!);
        const held = new Set(holders.flatMap(({ ready }) => ready));
        const lacking = shards.map(({ index }) => index).filter((index) => !held.has(index));
        const taken = lacking.filter((index) => choices.includes(index));
        expect(taken).toHaveLength(Math.min(lacking.length, newcomers.length));
        if (holders.length > 0) return;
        const counts = shards.map(({ index }) => choices.filter((choice) => choice === index).length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('comes to the same when some have begun already, and in whatever order the others are known', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(['a', 'b', 'c', 'd'], { minLength: 4 }), (order) => {
        const newcomers = order.map((peerId) => member(peerId, []));
        const at = (self: AssignMember, swarm: readonly AssignMember[]) =>
          chooseInTurn(
            self,
            shards,
            swarm.filter(({ peerId }) => peerId !== self.peerId),
          )!;
        const together = newcomers.map((self) => at(self, newcomers));
        const later: AssignMember[] = [...newcomers];
        for (const [place, self] of newcomers.entries()) later[place] = { ...self, pending: [at(self, later)] };
        expect(later.map(({ pending }) => pending[0])).toEqual(together);
      }),
    );
  });

  it('takes no notice of those whose owners choose', () => {
    // All of them would begin at the same shard.
    const manual = ['a', 'e', 'i'].map((peerId) => member(peerId, [], { auto: false }));
    const self = member('m', []);
    expect(chooseInTurn(self, shards, manual)).toBe(chooseShard(self, shards, []));
  });
});

describe('shardNeeds', () => {
  it('rises with a lost holder, a slower one, and what waits there', () => {
    const two = [member('a', [0, 1, 2, 3]), member('b', [0, 1, 2, 3])];
    const need = (...swarm: AssignMember[]) => shardNeeds(shards, swarm)[0]!;
    expect(need(two[0]!)).toBeGreaterThan(4 * need(...two));
    expect(need(two[0]!, { ...two[1]!, layersPerSecond: 10 })).toBeGreaterThan(need(...two));
    expect(need(two[0]!, { ...two[1]!, queueLength: 4 })).toBeGreaterThan(need(...two));
    expect(shardNeeds(shards, [member('a', [1])])[0]).toBe(Number.POSITIVE_INFINITY);
  });
});
