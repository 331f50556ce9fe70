import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ManifestShard } from '../../src/protocol/manifest.ts';
import { countHolders, leastCovered, rarestFirst } from '../../src/swarm/assign.ts';
import { planRoute, type RouteCandidate } from '../../src/swarm/route.ts';

function shardsOf(layerCounts: readonly number[]): ManifestShard[] {
  let start = 0;
  return layerCounts.map((count, index) => {
    const layers = { start, end: start + count };
    start += count;
    return {
      index,
      fileName: `shard-${index}.gguf`,
      sizeBytes: 1,
      sha256: '0'.repeat(64),
      infoHash: '0'.repeat(40),
      headerBytes: 1,
      layers,
      hasEmbedding: index === 0,
      hasOutput: index === layerCounts.length - 1,
    };
  });
}

function member(peerId: string, ready: readonly number[], more: Partial<RouteCandidate> = {}): RouteCandidate {
  return { peerId, ready, layersPerSecond: 100, queueLength: 0, roundTripMs: 2, ...more };
}

const shards = shardsOf([8, 8, 7, 7]);

describe('planRoute', () => {
  it('goes through four nodes with a shard each, in order', () => {
    const plan = planRoute(shards, [member('d', [3]), member('b', [1]), member('a', [0]), member('c', [2])]);
    expect(plan.stages).toEqual([
      { peerId: 'a', layers: { start: 0, end: 8 } },
      { peerId: 'b', layers: { start: 8, end: 16 } },
      { peerId: 'c', layers: { start: 16, end: 23 } },
      { peerId: 'd', layers: { start: 23, end: 30 } },
    ]);
  });

  it('names every shard that nobody serves', () => {
    expect(planRoute(shards, [member('a', [0, 2])]).missing).toEqual([1, 3]);
  });

  it('stays in one node that holds everything rather than hop', () => {
    const plan = planRoute(shards, [member('a', [0]), member('all', [0, 1, 2, 3]), member('c', [2])]);
    expect(plan.stages).toEqual([{ peerId: 'all', layers: { start: 0, end: 30 } }]);
  });

  it('prefers a fast node, and leaves a busy one', () => {
    const slow = member('slow', [0, 1, 2, 3], { layersPerSecond: 10 });
    const fast = member('fast', [0, 1, 2, 3], { layersPerSecond: 1000 });
    expect(planRoute(shards, [slow, fast]).stages?.[0]?.peerId).toBe('fast');
    expect(planRoute(shards, [slow, { ...fast, queueLength: 500 }]).stages?.[0]?.peerId).toBe('slow');
  });

  it('covers every layer once, in order, by nodes that hold them, whatever the members', () => {
    const members = fc.array(
      fc.record({
        ready: fc.uniqueArray(fc.nat(3), { maxLength: 4 }),
        layersPerSecond: fc.double({ min: 0, max: 1e4, noNaN: true }),
        queueLength: fc.nat(50),
        roundTripMs: fc.double({ min: 0, max: 500, noNaN: true }),
      }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(members, (drawn) => {
        const candidates = drawn.map((facts, index) => ({ ...facts, peerId: `p${index}` }));
        const plan = planRoute(shards, candidates);
        if (!plan.stages) {
          expect(plan.missing).toEqual(
            [0, 1, 2, 3].filter((shard) => !candidates.some(({ ready }) => ready.includes(shard))),
          );
          return;
        }
        let next = 0;
        for (const { peerId, layers } of plan.stages) {
          expect(layers.start).toBe(next);
          next = layers.end;
          const holder = candidates.find((candidate) => candidate.peerId === peerId)!;
          for (const shard of shards) {
            if (shard.layers.start < layers.end && layers.start < shard.layers.end)
              expect(holder.ready).toContain(shard.index);
          }
        }
        expect(next).toBe(30);
        for (const [index, stage] of plan.stages.entries())
          expect(stage.peerId).not.toBe(plan.stages[index + 1]?.peerId);
      }),
    );
  });
});

describe('assignment', () => {
  it('gives the first tabs a shard each', () => {
    const members: { ready: number[]; pending: number[] }[] = [];
    for (let tab = 0; tab < 8; tab++) members.push({ ready: [], pending: [leastCovered(4, members)] });
    expect(members.map(({ pending }) => pending[0])).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
  });

  it('counts promises, and a shard once a member', () => {
    expect(
      countHolders(3, [
        { ready: [0, 1], pending: [1] },
        { ready: [], pending: [2, 7] },
      ]),
    ).toEqual({ ready: [1, 1, 0], expected: [1, 1, 1] });
    expect(
      rarestFirst(3, [
        { ready: [0], pending: [] },
        { ready: [1], pending: [0] },
      ]),
    ).toEqual([2, 1, 0]);
  });
});
