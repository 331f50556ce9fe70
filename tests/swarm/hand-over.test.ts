import { afterEach, describe, expect, it } from 'vitest';
import type { RouteEvent } from '../../src/swarm/coordinator/route-event.ts';
import { DEFAULT_SAMPLING } from '../../src/swarm/coordinator/sampler.ts';
import { TestSwarm } from './support/test-swarm.ts';

const PROMPT = Array.from({ length: 100 }, (_, index) => (index * 37) % 500);
const TOKENS = 60;
/** Of a task at one stage: so slow that a pause shows. */
const COMPUTE_MS = 4;
/** Far below what a replay of everything takes; the goal is 300 ms, and a busy machine stops for a while by itself. */
const MAX_PAUSE_MS = 1000;

let swarm: TestSwarm;
afterEach(() => swarm?.close());

interface Told {
  readonly ids: readonly number[];
  /** Longest time between two tokens, ms. */
  readonly pauseMs: number;
  /** Peers of the last lap. */
  readonly route: readonly string[];
}

/** An answer during which something happens after the fifth token. */
async function answer(then: (route: readonly string[]) => void = () => undefined): Promise<Told> {
  const ids: number[] = [];
  let route: readonly string[] = [];
  let pauseMs = 0;
  let lastMs: number | undefined;
  const tokens = swarm.guest.coordinator.generate({
    conversation: 'one',
    promptIds: PROMPT,
    maxTokens: TOKENS,
    stopIds: new Set(),
    sampling: DEFAULT_SAMPLING,
    topLogprobs: 0,
  });
  for await (const { id, lap } of tokens) {
    if (lastMs !== undefined) pauseMs = Math.max(pauseMs, performance.now() - lastMs);
    lastMs = performance.now();
    route = lap.stages.map(({ peerId }) => peerId);
    ids.push(id);
    if (ids.length === 5) then(route);
  }
  return { ids, pauseMs, route };
}

async function expected(): Promise<readonly number[]> {
  swarm = await TestSwarm.create([[0, 1, 2, 3]]);
  const { ids } = await answer();
  await swarm.close();
  return ids;
}

const nodeOf = (peerId: string | undefined) => swarm.nodes.find((node) => node.peerId === peerId)!;

describe('a node that leaves on purpose', () => {
  it.each([0, 1, 2, 3])('hands over before it goes: stage %i, no pause, the same tokens', async (leaver) => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3], [leaver]], { computeMs: COMPUTE_MS });
    const events: RouteEvent[] = [];
    swarm.guest.coordinator.onRoute((event) => events.push(event));
    let gone: Promise<void> | undefined;
    let goneId: string | undefined;
    const told = await answer((route) => {
      goneId = route[leaver];
      gone = nodeOf(goneId).leave();
    });
    await gone;
    expect(told.ids).toEqual(ids);
    expect(told.route).not.toContain(goneId);
    expect(told.pauseMs).toBeLessThan(MAX_PAUSE_MS);
    expect(events).toEqual([expect.objectContaining({ kind: 'replaced', reason: 'leaving', from: [goneId] })]);
    // Nobody else ran the prompt again, and the one that left holds nothing any more.
    for (const peerId of told.route.filter((_, index) => index !== leaver))
      expect(nodeOf(peerId).stages.tokensDone).toBeLessThanOrEqual(PROMPT.length + TOKENS);
    expect(nodeOf(goneId).stages.sessionCount).toBe(0);
  });

  it('two neighbours at once, to one that takes both', async () => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3]], { computeMs: COMPUTE_MS });
    await swarm.addNode([1, 2]);
    const told = await answer((route) => {
      for (const node of swarm.nodes.slice(1, 3)) if (route.includes(node.peerId)) void node.leave();
    });
    expect(told.ids).toEqual(ids);
    expect(told.pauseMs).toBeLessThan(MAX_PAUSE_MS);
  });

  it('and has no successor is waited for, then lost, and the answer says what is missing', async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3]], { computeMs: COMPUTE_MS });
    const startedAtMs = performance.now();
    await expect(
      answer((route) => {
        const node = nodeOf(route[2]);
        // It waits longer than this answer takes, so it is cut short.
        void node.leave();
        setTimeout(() => swarm.network.kill(node.peerId), 100);
      }),
    ).rejects.toMatchObject({ code: 'shard-missing' });
    expect(performance.now() - startedAtMs).toBeLessThan(30_000);
  });
});
