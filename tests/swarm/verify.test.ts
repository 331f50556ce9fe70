import { afterEach, expect, it } from 'vitest';
import { DEFAULT_SAMPLING } from '../../src/swarm/coordinator/sampler.ts';
import type { SwarmNode } from '../../src/swarm/node.ts';
import { type Check, verifySwarm } from '../../src/swarm/verify.ts';
import { promptOf } from './support/answer.ts';
import { TestSwarm } from './support/test-swarm.ts';

let swarm: TestSwarm;
afterEach(() => swarm.close());

async function verify(guest: SwarmNode): Promise<Check[]> {
  const prompt = async ({ avoid }: { readonly avoid?: ReadonlySet<string> }) => {
    const request = { promptIds: promptOf(6), maxTokens: 2, stopIds: new Set<number>(), topLogprobs: 0 };
    const tokens = guest.coordinator.generate({ ...request, sampling: DEFAULT_SAMPLING, ...(avoid ? { avoid } : {}) });
    let lap: Check | undefined | object;
    for await (const token of tokens) lap = token.lap;
    return { text: '', lap: lap as never };
  };
  const { manifest } = swarm;
  const { commands, registry } = guest;
  const checks: Check[] = [];
  const members = { peerIds: guest.nodeIds(), otherBuilds: guest.otherBuilds() };
  for await (const check of verifySwarm({ manifest, ...members, commands, registry, prompt })) checks.push(check);
  return checks;
}

const everyCopy = (checks: readonly Check[]) => checks.find(({ name }) => name === 'A prompt through every copy');

it('a prompt goes through every copy of every shard', { timeout: 60_000 }, async () => {
  swarm = await TestSwarm.create([[0], [1], [2], [3], [0, 1], [2], [2], [3], [0, 1, 2, 3]]);
  const done = () => swarm.nodes.map(({ stages }) => stages.tasksDone > 0);
  expect(everyCopy(await verify(swarm.guest))).toMatchObject({
    passed: true,
    detail: expect.stringContaining('all of 9 nodes'),
  });
  expect(done()).toEqual(swarm.nodes.map(() => true));
});

it.each([
  ['one shard beside a node that alone has the others', [[0, 1, 2, 3], [2]]],
  [
    'a shard each of two neighbours',
    [
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 0],
    ],
  ],
])('a prompt goes through copies of %s', { timeout: 60_000 }, async (_, shards) => {
  swarm = await TestSwarm.create(shards);
  for (const asking of [swarm.guest, ...swarm.nodes]) {
    const done = swarm.nodes.map(({ stages }) => stages.tasksDone);
    expect(everyCopy(await verify(asking))?.passed).not.toBe(false);
    for (const [node, { stages }] of swarm.nodes.entries()) expect(stages.tasksDone).toBeGreaterThan(done[node]!);
  }
});

it('is one prompt where nobody has a copy', { timeout: 60_000 }, async () => {
  swarm = await TestSwarm.create([[0], [1], [2], [3]]);
  expect(everyCopy(await verify(swarm.guest))).toBeUndefined();
});

it('names the copy that no prompt goes through', { timeout: 60_000 }, async () => {
  swarm = await TestSwarm.create([[0], [1], [2], [3], [2]]);
  const broken = swarm.nodes[4]!;
  broken.stages.openSession = () => Promise.reject(new Error('It does not open anything.'));

  const check = everyCopy(await verify(swarm.guest));
  expect(check).toMatchObject({ passed: false });
});
