import { afterEach, expect, test, vi } from 'vitest';
import { MemoryNetwork } from '../../src/net/memory/memory-transport.ts';
import { PretendStore } from '../../src/simulation/pretend-store.ts';
import { scriptedAnswer } from '../../src/simulation/scripted-answers.ts';
import { ScriptedText } from '../../src/simulation/scripted-text.ts';
import { SimulatedSwarm } from '../../src/simulation/simulated-swarm.ts';
import { readSimulation } from '../../src/simulation/simulation-options.ts';
import type { ShardReader } from '../../src/store/shard-store.ts';
import type { RouteEvent } from '../../src/swarm/coordinator/route-event.ts';
import { DEFAULT_SAMPLING } from '../../src/swarm/coordinator/sampler.ts';
import { SwarmNode } from '../../src/swarm/node.ts';
import { ShardKeeper } from '../../src/swarm/shards/shard-keeper.ts';

const text = new ScriptedText();
const SOON = { timeout: 20_000 };

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open(search: string): Promise<SimulatedSwarm> {
  const swarm = await SimulatedSwarm.open(readSimulation(search).options, { SwarmNode, ShardKeeper });
  closing.push(() => swarm.close());
  return swarm;
}

/** This page's own tab, which serves nothing. */
function guestOf(swarm: SimulatedSwarm): SwarmNode {
  const { manifest, manifestId } = swarm;
  const store = new PretendStore({ manifest, fetchMs: () => 0, stored: () => false });
  const keeper = new ShardKeeper({
    manifest,
    store,
    originOf: (shard) => ({ shard, fetchTorrent: async () => undefined }),
    readerOf: (shard) => ({ shard }) as ShardReader,
    createRunner: async () => {
      throw new Error('A guest runs nothing.');
    },
    onRunner: () => undefined,
  });
  const settings = () => ({
    ...{ spreadModel: false, acceptRemoteLoads: false, acceptRemoteUnloads: false, trustedPeers: [] },
    ...{ registerInDht: false, checkOthers: true, memoryBytes: 1, wire: 'f32' as const },
  });
  const node = new SwarmNode({ transport: swarm.ownTransport(), store, manifest, manifestId, keeper, settings });
  closing.push(() => node.close());
  return node;
}

async function ask(node: SwarmNode, question: string): Promise<string> {
  const prompt = { kind: 'chat', messages: [{ role: 'user', content: question }], options: {} } as const;
  const promptIds = (await text.encode(prompt, 4096)) as readonly number[];
  const request = {
    promptIds,
    maxTokens: 400,
    stopIds: text.tokens.eogIds,
    sampling: DEFAULT_SAMPLING,
    topLogprobs: 0,
  };
  const ids: number[] = [];
  for await (const { id } of node.coordinator.generate(request)) if (!text.tokens.eogIds.has(id)) ids.push(id);
  return text.tokens.decode(ids);
}

const HAIKU = 'Write a haiku about a school of fish.';

/** Who is there, in the order in which they came. */
const devicesOf = (swarm: SimulatedSwarm) => swarm.devices.map(({ name, peerId }) => ({ name, peerId }));

test('the same seed makes the same devices, and another one others', async () => {
  const [one, same, other] = await Promise.all(['', '&seed=1', '&seed=2'].map((seed) => open(`?simulate=5${seed}`)));
  await Promise.all([one, same, other].map((swarm) => swarm!.start()));
  expect(devicesOf(one!)).toEqual(devicesOf(same!));
  expect(devicesOf(one!).map(({ peerId }) => peerId)).not.toEqual(devicesOf(other!).map(({ peerId }) => peerId));
  expect(new Set(devicesOf(one!).map(({ name }) => name)).size).toBe(5);
});

test('five devices answer with the script, also where messages are lost', SOON, async () => {
  const setLink = vi.spyOn(MemoryNetwork.prototype, 'setLink');
  const swarm = await open('?simulate=5&loss=10');
  const guest = guestOf(swarm);
  await swarm.start();
  // Between any two of the six.
  expect(setLink.mock.calls.map(([, , { lossRate }]) => lossRate)).toEqual(Array(15).fill(0.1));
  setLink.mockRestore();
  await vi.waitFor(() => expect(guest.membership.members()).toHaveLength(5), SOON);
  const served = guest.membership.members().map(({ ready }) => ready);
  expect(new Set(served.flat())).toEqual(new Set([0, 1, 2, 3]));
  expect(await ask(guest, HAIKU)).toBe(scriptedAnswer(HAIKU));
});

test('a liar is left out after its first answer, and nobody else', { timeout: 60_000 }, async () => {
  const swarm = await open('?simulate=5&liar=1');
  const guest = guestOf(swarm);
  const events: RouteEvent[] = [];
  guest.coordinator.onRoute((event) => events.push(event));
  await swarm.start();
  await vi.waitFor(() => expect(guest.membership.members()).toHaveLength(5), SOON);
  expect(await ask(guest, HAIKU)).toBe(scriptedAnswer(HAIKU));
  await vi.waitFor(() => expect(events.some(({ kind }) => kind === 'expelled')).toBe(true), SOON);
  expect(events).toMatchObject([{ kind: 'expelled', peerId: swarm.devices[1]!.peerId }]);
  expect(await ask(guest, HAIKU)).toBe(scriptedAnswer(HAIKU));
  expect(events).toHaveLength(1);
});

test('devices join and leave, at least two stay, and what is missing is fetched', { timeout: 120_000 }, async () => {
  const swarm = await open('?simulate=3&leaves=2');
  const guest = guestOf(swarm);
  await swarm.start();
  const names = swarm.devices.map(({ name }) => name);
  await vi.waitFor(() => expect(swarm.devices).toHaveLength(2), SOON);
  expect(names).toEqual(expect.arrayContaining(swarm.devices.map(({ name }) => name)));
  expect(await ask(guest, HAIKU)).toBe(scriptedAnswer(HAIKU));
  const growing = await open('?simulate=1&joins=2');
  await growing.start();
  await vi.waitFor(() => expect(growing.devices.length).toBeGreaterThanOrEqual(3), SOON);
  const [first, second] = growing.devices;
  await vi.waitFor(() => expect(second!.node.nodeIds()).toContain(second!.peerId), SOON);
  expect(second!.name).not.toBe(first!.name);
  expect(swarm.devices).toHaveLength(2);
});
