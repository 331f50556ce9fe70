import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PRESENCE_INTERVAL_MS } from '../../src/protocol/limits.ts';
import type { SwarmNode } from '../../src/swarm/node.ts';
import { SimulatedClock } from './support/simulated-clock.ts';
import { TestSwarm } from './support/test-swarm.ts';

/** What a tab listens before it chooses, two beats, and a little. */
const CHOSEN_MS = 2 * PRESENCE_INTERVAL_MS + 1000;
const LAYERS = [8, 8, 7, 7];

let clock: SimulatedClock;
let swarm: TestSwarm;
beforeEach(async () => {
  clock = new SimulatedClock();
  swarm = await clock.until(TestSwarm.create([], { network: { link: { latencyMs: 100 } }, fetchMs: 20_000 }));
});
afterEach(async () => {
  await clock.until(swarm.close());
  clock.restore();
});

/** Shards that each of the tabs serves, or has on their way, as the guest has heard. */
function held(): number[][] {
  return swarm.guest.membership.members().map(({ ready, pending }) => [...ready, ...pending]);
}

describe('tabs that leave the choice of shards open', () => {
  // Guests in between give the tabs ids that begin at the same shard.
  it.each([0, 3, 7])('and come in the same instant take all different ones: every %i ids', async (between) => {
    const nodes: Promise<SwarmNode>[] = [];
    for (const _ of LAYERS) {
      nodes.push(swarm.addAuto());
      for (let guest = 0; guest < between; guest++) swarm.addGuest();
    }
    await clock.pass(CHOSEN_MS);
    expect(held().flat().sort()).toEqual([0, 1, 2, 3]);
    await clock.until(Promise.all(nodes));
  });

  it('and come within a second take all different ones', async () => {
    for (let index = 0; index < LAYERS.length; index++) {
      void swarm.addAuto();
      for (let guest = 0; guest < 3; guest++) swarm.addGuest();
      await clock.pass(300);
    }
    await clock.pass(CHOSEN_MS);
    expect(held().flat().sort()).toEqual([0, 1, 2, 3]);
  });

  it('wait two beats alone, and no longer', async () => {
    void swarm.addAuto();
    await clock.pass(2 * PRESENCE_INTERVAL_MS + 200);
    expect(held()).toEqual([[expect.any(Number)]]);
  });
});
