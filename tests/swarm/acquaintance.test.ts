import { afterEach, beforeEach, expect, it } from 'vitest';
import { MemoryNetwork } from '../../src/net/memory/memory-transport.ts';
import { PRESENCE_INTERVAL_MS } from '../../src/protocol/limits.ts';
import { Membership } from '../../src/swarm/members/membership.ts';
import { SimulatedClock } from './support/simulated-clock.ts';

const TABS = 256;
/** Half of a tab's neighbours in the gossip, as steps on the ring of tabs. */
const STEPS = [1, 7, 50];

let clock: SimulatedClock;
beforeEach(() => {
  clock = new SimulatedClock();
});
afterEach(() => clock.restore());

it('256 tabs come to know each other within seconds while the server is away, by what tabs tell of tabs', async () => {
  const network = new MemoryNetwork();
  const transports = Array.from({ length: TABS }, () => network.createTransport());
  const memberships = transports.map((transport) => new Membership(transport, 'a'.repeat(64)));
  for (const [index, transport] of transports.entries())
    for (const step of STEPS) void transport.connect(transports[(index + step) % TABS]!.peerId);
  await clock.pass(20);
  network.server.stop();
  const own = () => ({ ready: [0], pending: [], layersPerSecond: 0, queueLength: 0, leaving: false });
  for (const membership of memberships) membership.announce(own);
  await clock.pass(3 * PRESENCE_INTERVAL_MS);
  expect(memberships.map((membership) => membership.members().length)).toEqual(transports.map(() => TABS - 1));
  for (const membership of memberships) membership.close();
}, 120_000);
