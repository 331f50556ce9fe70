import { afterEach, expect, it, vi } from 'vitest';
import { memberRows } from '../../src/app/swarm-view.ts';
import { presenceTopic } from '../../src/protocol/directory.ts';
import { WIRE_VERSION } from '../../src/protocol/frames.ts';
import { DEFAULT_SAMPLING } from '../../src/swarm/coordinator/sampler.ts';
import type { ShardKeeper } from '../../src/swarm/shards/shard-keeper.ts';
import { verifySwarm } from '../../src/swarm/verify.ts';
import { promptOf } from './support/answer.ts';
import { TestSwarm } from './support/test-swarm.ts';

// Two builds whose wires differ, in one swarm.

let swarm: TestSwarm;
afterEach(() => swarm.close());

/** A tab of another build, which says that it serves everything. */
async function join(wire: number): Promise<string> {
  const transport = swarm.network.createTransport();
  const said = { wire, sequence: Date.now(), name: 'Other', ready: [0, 1, 2, 3], layersPerSecond: 1e4, queueLength: 0 };
  const presence = { ...said, pending: [], willing: true, leaving: false };
  await vi.waitFor(async () => {
    presence.sequence++;
    await transport.publish(presenceTopic('a'.repeat(64)), new TextEncoder().encode(JSON.stringify(presence)));
    expect(swarm.guest.otherBuilds().map(({ peerId }) => peerId)).toContain(transport.peerId);
  });
  return transport.peerId;
}

it('give each other no work, and are told apart in the list and by the check', async () => {
  swarm = await TestSwarm.create([[0], [1], [2], [3]]);
  const [newer, older] = [await join(WIRE_VERSION + 1), await join(WIRE_VERSION - 1)];
  const { guest, manifest } = swarm;
  const rows = memberRows(guest, { joined: false, ready: () => [], pending: () => [] } as unknown as ShardKeeper, {
    name: '',
    leaving: false,
  });
  const builds = new Map(rows.map(({ peerId, build }) => [peerId, build]));
  expect([builds.get(newer), builds.get(older)]).toEqual(['newer', 'older']);
  expect(rows.filter(({ build }) => build === undefined)).toHaveLength(4);
  expect(guest.nodeIds()).not.toContain(newer);

  const asked = new Set<string>();
  const request = { promptIds: promptOf(6), maxTokens: 4, stopIds: new Set<number>(), topLogprobs: 0 };
  const prompt = async () => {
    let lap: object | undefined;
    for await (const token of guest.coordinator.generate({ ...request, sampling: DEFAULT_SAMPLING })) {
      lap = token.lap;
      for (const { peerId } of token.lap.stages) asked.add(peerId);
    }
    return { text: '', lap: lap as never };
  };
  const { commands, registry } = guest;
  const members = { peerIds: guest.nodeIds(), otherBuilds: guest.otherBuilds() };
  const found = new Map<string, string>();
  for await (const { name, of, passed, detail } of verifySwarm({ manifest, ...members, commands, registry, prompt })) {
    if (name.startsWith('Build of') && of && 'peerId' in of) found.set(of.peerId, `${passed} ${detail}`);
  }
  expect(asked.size).toBe(4);
  expect(asked.has(newer) || asked.has(older)).toBe(false);
  expect(found.size).toBe(2);
  expect(found.get(newer)).toContain(
    'false It runs a newer build than this one, and the two cannot work together. Reload this',
  );
  expect(found.get(older)).toContain(
    'false It runs an older build than this one, and the two cannot work together. Reload its',
  );
});
