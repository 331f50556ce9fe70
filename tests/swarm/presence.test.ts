import { afterEach, expect, it } from 'vitest';
import { TestSwarm } from './support/test-swarm.ts';

let swarm: TestSwarm;
afterEach(() => swarm?.close());

it('says in the swarm that a shard is on its way, and that it serves, not how far it is', async () => {
  swarm = await TestSwarm.create([[0, 1, 2, 3]]);
  const node = await swarm.addNode([]);
  let messages = 0;
  swarm.network.createTransport().subscribe(`shoal/${'a'.repeat(64)}/presence`, (from) => {
    if (from === node.peerId) messages++;
  });
  // The runner tells of a hundred parts.
  await node.commands.send(node.peerId, 'LOAD_SHARD', { shard_id: 2 });
  await new Promise((resolve) => setTimeout(resolve, 50));
  // It begins, it serves, and a beat may fall between.
  expect(messages).toBeGreaterThanOrEqual(2);
  expect(messages).toBeLessThanOrEqual(3);
});
