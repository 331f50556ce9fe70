import { expect, it } from 'vitest';
import { deviceCard } from '../../../src/app/device-card.ts';
import { Tally } from '../../../src/core/tally.ts';
import type { SwarmNode } from '../../../src/swarm/node.ts';

const counted = { layerCount: 30, shards: [], takenWork: new Tally() };

it('shows of what a stranger says one short line each, which moves nothing around it', async () => {
  const capabilities = {
    ...{ runner: 'cpu', software: false, free_kv_tokens: 1, queue_length: 0, layers_per_second: 1e300 },
    ...{ adapter: `\u202egpu\u200b ${'x'.repeat(500)}`, version: '1\n2' },
  };
  const node = {
    commands: { send: async () => ({ capabilities }) },
    records: { layersPerSecond: () => undefined, laps: () => 0 },
    exchange: { roundTripMs: () => 0 },
    stages: { lentWork: new Tally() },
    pathTo: async () => undefined,
  } as unknown as SwarmNode;
  const card = await deviceCard(node, 'other', counted);
  expect(card.adapter).toBe(`gpu ${'x'.repeat(96)}`);
  expect(card.version).toBe('1 2');
  expect(card.layersPerSecond).toBe(50_000);
});

it('tells what each tab has given and taken, of work and of weights', async () => {
  const [taken, lent] = [new Tally(), new Tally()];
  taken.add('other', 60);
  taken.add('third', 600);
  lent.add('other', 15);
  const capabilities = { runner: 'cpu', adapter: '', version: '1', layers_per_second: 0 };
  const node = {
    peerId: 'self',
    commands: { send: async () => ({ capabilities }) },
    records: { layersPerSecond: () => undefined, laps: () => 0 },
    exchange: { roundTripMs: () => 0 },
    stages: { lentWork: lent },
    pathTo: async () => undefined,
  } as unknown as SwarmNode;
  const bytes = (peerId: string | undefined, receivedBytes: number, sentBytes: number) => ({
    traffic: [{ peerId, receivedBytes, sentBytes, connected: true }],
  });
  const shards = [bytes('other', 100, 7), bytes('third', 1000, 1000), bytes('other', 20, 0), bytes(undefined, 5, 5)];
  const card = await deviceCard(node, 'other', { layerCount: 30, shards, takenWork: taken });
  expect(card.taken).toEqual({ tokens: 2, bytes: 120 });
  expect(card.given).toEqual({ tokens: 0.5, bytes: 7 });
  const own = await deviceCard(node, 'self', { layerCount: 30, shards, takenWork: taken });
  expect([own.taken, own.given]).toEqual([undefined, undefined]);
});
