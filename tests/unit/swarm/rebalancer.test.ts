import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Rebalancer } from '../../../src/swarm/assign/rebalancer.ts';
import type { AssignMember } from '../../../src/swarm/assign/shard-need.ts';
import { shardsOf } from '../../swarm/support/shards-of.ts';

const shards = shardsOf([8, 8, 7, 7]);

function member(peerId: string, ready: readonly number[], more: Partial<AssignMember> = {}): AssignMember {
  const idle = { pending: [], layersPerSecond: 100, queueLength: 0, sessions: 0 };
  return { peerId, ready, ...idle, memoryBytes: 2, willing: false, auto: false, ...more };
}

/** A swarm in which `self` should go from shard 0, which many have, to the slow shard 2. */
class Swarm {
  readonly done: string[] = [];
  answering = false;
  ready = [0];
  others = [
    ...['a', 'b', 'c', 'd'].map((peerId) => member(peerId, [0])),
    ...[1, 2, 3].flatMap((shard) => [member(`x${shard}`, [shard]), member(`y${shard}`, [shard])]),
  ].map((each) => (each.ready[0] === 2 ? { ...each, layersPerSecond: 5 } : each));
  readonly rebalancer: Rebalancer = new Rebalancer({
    peerId: 'self',
    shards,
    members: () => [member('self', this.rebalancer.offered(this.ready), { auto: true }), ...this.others],
    serve: async (shard) => {
      this.done.push(`serve ${shard}`);
      this.ready = [...this.ready, shard];
    },
    release: async (shard) => {
      this.done.push(`release ${shard}`);
      this.ready = this.ready.filter((other) => other !== shard);
    },
    answering: () => this.answering,
    onOffer: () => this.done.push(`offers ${this.rebalancer.offered(this.ready).join()}`),
  });
}

let swarm: Swarm;
beforeEach(() => {
  vi.useFakeTimers();
  swarm = new Swarm();
  swarm.rebalancer.start();
});
afterEach(() => {
  swarm.rebalancer.stop();
  vi.useRealTimers();
});

describe('Rebalancer', () => {
  it('serves the new shard before it gives up the old one, once', async () => {
    await vi.advanceTimersByTimeAsync(29_000);
    expect(swarm.done).toEqual([]);
    await vi.advanceTimersByTimeAsync(300_000);
    expect(swarm.done).toEqual(['serve 2', 'offers 2', 'release 0', 'offers 2']);
  });

  it('waits for an answer that runs through the old shard, for a minute', async () => {
    swarm.answering = true;
    await vi.advanceTimersByTimeAsync(31_000);
    expect(swarm.done).toEqual(['serve 2', 'offers 2']);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(swarm.ready).toContain(0);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(swarm.ready).toEqual([2]);
  });

  it('keeps the old shard when its other holders go meanwhile', async () => {
    swarm.answering = true;
    await vi.advanceTimersByTimeAsync(31_000);
    swarm.others = swarm.others.filter(({ ready }) => !ready.includes(0));
    swarm.answering = false;
    await vi.advanceTimersByTimeAsync(5000);
    expect(swarm.ready).toEqual([0, 2]);
    expect(swarm.done.at(-1)).toBe('offers 0,2');
  });

  it('takes every spare copy that is missing, one soon after the other', async () => {
    swarm.ready = [];
    swarm.others = [0, 1, 2, 3].map((shard) => member(`x${shard}`, [shard]));
    await vi.advanceTimersByTimeAsync(31_000);
    expect(swarm.done).toHaveLength(1);
    // The device has room for two.
    await vi.advanceTimersByTimeAsync(60_000);
    expect(swarm.ready).toHaveLength(2);
  });

  it('does nothing any more once it is stopped', async () => {
    swarm.rebalancer.stop();
    await vi.advanceTimersByTimeAsync(300_000);
    expect(swarm.done).toEqual([]);
  });
});
