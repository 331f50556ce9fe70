import { expect, it } from 'vitest';
import { deviceCard } from '../../../src/app/device-card.ts';
import type { SwarmNode } from '../../../src/swarm/node.ts';

it('shows of what a stranger says one short line each, which moves nothing around it', async () => {
  const capabilities = {
    ...{ runner: 'cpu', software: false, free_kv_tokens: 1, queue_length: 0, layers_per_second: 1e300 },
    ...{ adapter: `\u202egpu\u200b ${'x'.repeat(500)}`, version: '1\n2' },
  };
  const node = {
    commands: { send: async () => ({ capabilities }) },
    records: { layersPerSecond: () => undefined, laps: () => 0 },
    exchange: { roundTripMs: () => 0 },
    pathTo: async () => undefined,
  } as unknown as SwarmNode;
  const card = await deviceCard(node, 'other');
  expect(card.adapter).toBe(`gpu ${'x'.repeat(96)}`);
  expect(card.version).toBe('1 2');
  expect(card.layersPerSecond).toBe(50_000);
});
