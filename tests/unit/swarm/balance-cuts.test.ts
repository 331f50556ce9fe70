import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RouteStage } from '../../../src/protocol/frames.ts';
import { balanceCuts, type StageFacts } from '../../../src/swarm/route/balance-cuts.ts';
import { shardsOf } from '../../swarm/support/shards-of.ts';

const shards = shardsOf([8, 8, 7, 7]);
const stage = (peerId: string, start: number, end: number): RouteStage => ({ peerId, layers: { start, end } });

function balance(stages: readonly RouteStage[], facts: Readonly<Record<string, StageFacts>>): RouteStage[] {
  return balanceCuts(stages, shards, (peerId) => facts[peerId]!);
}

describe('balanceCuts', () => {
  it('shares a shard that both neighbours hold, so that the slowest stage gets faster', () => {
    const facts = { a: { ready: [0, 1, 2], layerMs: 5 }, b: { ready: [2, 3], layerMs: 5 } };
    expect(balance([stage('a', 0, 23), stage('b', 23, 30)], facts)).toEqual([stage('a', 0, 16), stage('b', 16, 30)]);
    const both = { a: { ready: [0, 1, 2, 3], layerMs: 5 }, b: { ready: [0, 1, 2, 3], layerMs: 5 } };
    expect(balance([stage('a', 0, 23), stage('b', 23, 30)], both)).toEqual([stage('a', 0, 15), stage('b', 15, 30)]);
  });

  it('leaves the cut where only one side holds the shard, or where a slow neighbour would cost the lap too much', () => {
    const apart = { a: { ready: [0, 1], layerMs: 5 }, b: { ready: [2, 3], layerMs: 5 } };
    const stages = [stage('a', 0, 16), stage('b', 16, 30)];
    expect(balance(stages, apart)).toEqual(stages);
    const slow = { a: { ready: [0, 1], layerMs: 5 }, b: { ready: [1, 2, 3], layerMs: 50 } };
    expect(balance(stages, slow)).toEqual(stages);
  });

  it('keeps the chain whole, every stage alive at layers that it holds, the lap within 5 %, and never a slower pace', () => {
    const nodes = fc.array(
      fc.record({ ready: fc.uniqueArray(fc.nat(3)), layerMs: fc.double({ min: 0.1, max: 50, noNaN: true }) }),
      { minLength: 4, maxLength: 4 },
    );
    fc.assert(
      fc.property(nodes, (drawn) => {
        // Node i serves shard i at least, so that the plan of one shard a node is a right one.
        const facts = Object.fromEntries(
          drawn.map((each, index) => [`n${index}`, { ...each, ready: [...new Set([...each.ready, index])] }]),
        );
        const before = shards.map(({ index, layers }) => ({ peerId: `n${index}`, layers }));
        const after = balance(before, facts);
        expect(after.map(({ peerId }) => peerId)).toEqual(before.map(({ peerId }) => peerId));
        let next = 0;
        for (const { peerId, layers } of after) {
          expect(layers.start).toBe(next);
          expect(layers.end).toBeGreaterThan(layers.start);
          next = layers.end;
          for (const shard of shards)
            if (shard.layers.start < layers.end && layers.start < shard.layers.end)
              expect(facts[peerId]!.ready).toContain(shard.index);
        }
        expect(next).toBe(30);
        const times = (stages: readonly RouteStage[]) =>
          stages.map(({ peerId, layers }) => facts[peerId]!.layerMs * (layers.end - layers.start));
        const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
        expect(sum(times(after))).toBeLessThanOrEqual(sum(times(before)) * 1.05 + 1e-9);
        expect(Math.max(...times(after))).toBeLessThanOrEqual(Math.max(...times(before)) + 1e-9);
      }),
    );
  });
});
