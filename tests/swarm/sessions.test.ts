import { afterEach, describe, expect, it } from 'vitest';
import type { GeneratedToken, GenerationRequest } from '../../src/swarm/coordinator/generation.ts';
import { DEFAULT_SAMPLING } from '../../src/swarm/coordinator/sampler.ts';
import type { SwarmNode } from '../../src/swarm/node.ts';
import type { Wait } from '../../src/swarm/route/wait.ts';
import { TestSwarm, type TestSwarmOptions } from './support/test-swarm.ts';

const TOKENS = 12;

let swarm: TestSwarm;
const guests: SwarmNode[] = [];
afterEach(async () => {
  await Promise.all(guests.splice(0).map((guest) => guest.close()));
  await swarm.close();
});

/** Guests that know every node. */
async function addGuests(count: number): Promise<SwarmNode[]> {
  for (let index = 0; index < count; index++) guests.push(swarm.addGuest());
  while (guests.some(({ membership }) => membership.members().length < swarm.nodes.length))
    await new Promise((resolve) => setTimeout(resolve, 5));
  return guests;
}

function requestOf(prompt: number, more: Partial<GenerationRequest> = {}): GenerationRequest {
  const promptIds = Array.from({ length: 20 + prompt }, (_, index) => (index * 37 + prompt * 11) % 500);
  return {
    ...{ promptIds, maxTokens: TOKENS, stopIds: new Set<number>(), sampling: DEFAULT_SAMPLING, topLogprobs: 0 },
    ...more,
  };
}

async function answer(
  node: SwarmNode,
  request: GenerationRequest,
  onToken: (token: GeneratedToken) => void = () => undefined,
): Promise<number[]> {
  const ids: number[] = [];
  for await (const token of node.coordinator.generate(request)) {
    ids.push(token.id);
    onToken(token);
  }
  return ids;
}

/** What one node that holds everything says to these prompts, alone and one after the other. */
async function alone(prompts: readonly number[], options: TestSwarmOptions = {}): Promise<number[][]> {
  const whole = await TestSwarm.create([[0, 1, 2, 3]], { ...options, limits: () => ({}) });
  const answers: number[][] = [];
  for (const prompt of prompts) answers.push(await answer(whole.guest, requestOf(prompt)));
  await whole.close();
  return answers;
}

describe('many sessions at once', () => {
  it('of one tab all come to an end, though nodes take fewer of it: its idle conversations give way', async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3]], { limits: () => ({ sessionsPerPeer: 3, restMs: 600_000 }) });
    const prompts = Array.from({ length: 10 }, (_, index) => index);
    const expected = await alone(prompts);
    // Each is kept when it has ended, as a chat is.
    const asked = prompts.map((prompt) => answer(swarm.guest, requestOf(prompt, { conversation: `chat ${prompt}` })));
    expect(await Promise.all(asked)).toEqual(expected);
  }, 60_000);

  it('all get the right tokens and their turn, and go to a spare copy where a node is full', async () => {
    // One copy of shard 2 takes four sessions; the other copy is there for the rest.
    const limits = (node: number) => ({ tasks: 32, tasksPerPeer: 8, ...(node === 2 ? { sessions: 4 } : {}) });
    swarm = await TestSwarm.create([[0], [1], [2], [3], [2]], {
      limits,
      computeMs: 2,
      furtherMs: 1,
      maxTaskTokens: 64,
    });
    const [full, spare] = [swarm.nodes[2]!.peerId, swarm.nodes[4]!.peerId];
    const coordinators = await addGuests(16);
    // The first has eight of the 32 sessions, nine have two, six have one.
    const owners = [
      ...new Array(8).fill(0),
      ...coordinators.slice(1).flatMap((_, at) => (at < 9 ? [at + 1, at + 1] : [at + 1])),
    ];
    expect(owners).toHaveLength(32);
    const expected = await alone(owners.map((_, prompt) => prompt));
    const counts = owners.map(() => 0);
    const users = new Map([full, spare].map((peerId): [string, Set<number>] => [peerId, new Set()]));
    let whenGreedyEnded: number[] | undefined;
    let mostAtFull = 0;
    const answers = await Promise.all(
      owners.map(async (owner, prompt) => {
        const ids = await answer(coordinators[owner]!, requestOf(prompt), ({ lap }) => {
          counts[prompt]!++;
          for (const { peerId } of lap.stages) users.get(peerId)?.add(prompt);
          mostAtFull = Math.max(mostAtFull, swarm.runnerSessions(full));
        });
        if (owner === 0) whenGreedyEnded ??= [...counts];
        return ids;
      }),
    );
    expect(answers).toEqual(expected);
    expect(mostAtFull).toBeLessThanOrEqual(4);
    expect(users.get(full)!.size).toBeGreaterThan(0);
    expect(users.get(spare)!.size).toBeGreaterThan(16);
    // When the coordinator with eight sessions has one answer, all the others, who began a little later, are well on.
    for (const [prompt, owner] of owners.entries())
      if (owner !== 0) expect(whenGreedyEnded![prompt]).toBeGreaterThanOrEqual(TOKENS / 4);
  });

  it('wait for their turn where there is no spare, and see their place', async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3]], { limits: () => ({ sessions: 3 }), computeMs: 2 });
    const coordinators = await addGuests(9);
    const expected = await alone(coordinators.map((_, prompt) => prompt));
    const waits = coordinators.map((): (Wait | undefined)[] => []);
    let most = 0;
    const answers = await Promise.all(
      coordinators.map((coordinator, prompt) =>
        answer(coordinator, requestOf(prompt, { onWait: (wait) => waits[prompt]!.push(wait) }), () => {
          for (const { peerId } of swarm.nodes) most = Math.max(most, swarm.runnerSessions(peerId));
        }),
      ),
    );
    expect(answers).toEqual(expected);
    expect(most).toBe(3);
    const waited = waits.filter((events) => events.length > 0);
    expect(waited.length).toBeGreaterThanOrEqual(6);
    for (const events of waited) {
      expect(events.at(-1)).toBeUndefined();
      for (const wait of events.slice(0, -1))
        expect(wait).toMatchObject({ reason: 'queue', seconds: expect.any(Number) });
    }
    const places = waits.flat().map((wait) => (wait?.reason === 'queue' ? wait.place : 0));
    expect(Math.max(...places)).toBeGreaterThan(2);
  });

  it('never wait for each other in a ring: each node has one place', async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3], [1]], { limits: () => ({ sessions: 1 }) });
    const coordinators = await addGuests(4);
    const expected = await alone(coordinators.map((_, prompt) => prompt));
    const answers = coordinators.map((coordinator, prompt) => answer(coordinator, requestOf(prompt)));
    expect(await Promise.all(answers)).toEqual(expected);
  });

  it('send less at once when a node has no room for their tasks, and get the right tokens', async () => {
    const options: TestSwarmOptions = { limits: () => ({ tasks: 3, tasksPerPeer: 2 }), computeMs: 3, maxTaskTokens: 4 };
    swarm = await TestSwarm.create([[0], [1], [2], [3]], options);
    const coordinators = await addGuests(2);
    const expected = await alone([40, 41], { maxTaskTokens: 4 });
    const answers = coordinators.map((coordinator, index) => answer(coordinator, requestOf(40 + index)));
    expect(await Promise.all(answers)).toEqual(expected);
    const failed = swarm.nodes.reduce((sum, { stages }) => sum + stages.tasksFailed, 0);
    expect(failed).toBeGreaterThan(0);
  });

  it('give the place of one that rests to one that waits; it is built anew when it goes on', async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3]], { limits: () => ({ sessions: 1, restMs: 300 }) });
    const [first, second] = await addGuests(2);
    const before = await answer(first!, requestOf(0, { conversation: 'main' }));
    const waiting = answer(second!, requestOf(1));
    expect(await waiting).toEqual((await alone([1]))[0]);
    const again = answer(first!, requestOf(0, { conversation: 'main' }));
    expect(await again).toEqual(before);
  });

  it('stop waiting when asked', async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3]], { limits: () => ({ sessions: 1 }) });
    const [first, second] = await addGuests(2);
    await answer(first!, requestOf(0, { conversation: 'main' }));
    const abort = new AbortController();
    const generation = second!.coordinator.generate(
      requestOf(1, { signal: abort.signal, onWait: (wait) => wait && abort.abort() }),
    );
    expect(await generation.next()).toMatchObject({ done: true, value: { finishReason: 'abort' } });
  });
});
