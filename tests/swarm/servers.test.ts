import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { MAX_FOREIGN_MEMBERS } from '../../signaling-server/limits.ts';
import { MAX_PRESENCE_INTERVAL_MS } from '../../src/protocol/limits.ts';
import { ServerCrowd } from './support/server-crowd.ts';

// The whole of it takes half an hour of one core and 4 GB:
// SHOAL_SCALE=full NODE_OPTIONS=--max-old-space-size=12000 npx vitest run --project unit tests/swarm/servers.test.ts
const FULL = process.env.SHOAL_SCALE === 'full';
const MEMBERS = FULL ? 5000 : 400;
const SERVERS = 8;
const SHARDS = 4;
/** The shard that three tabs of one server hold, and nobody else. */
const RARE = SHARDS - 1;

/** Members of one process share what they parse: thousands would parse the same a thousand times. */
vi.mock('../../src/swarm/members/presence-message.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../src/swarm/members/presence-message.ts')>();
  const parsed = new WeakMap<Uint8Array, ReturnType<typeof original.parsePresence>>();
  return {
    ...original,
    parsePresence: (message: Uint8Array) => {
      if (!parsed.has(message)) parsed.set(message, original.parsePresence(message));
      return parsed.get(message);
    },
  };
});

let crowd: ServerCrowd;
beforeEach(() => {
  vi.spyOn(console, 'info').mockReturnValue();
});
afterEach(async () => {
  await crowd.close();
  vi.restoreAllMocks();
});

it(`${MEMBERS} members over ${SERVERS} servers: everybody finds a route, hears a bounded part, and goes on when a server dies`, {
  timeout: 3_600_000,
}, async () => {
  const used = process.cpuUsage();
  crowd = new ServerCrowd({
    members: MEMBERS,
    servers: SERVERS,
    shards: SHARDS,
    // Places 3, 11 and 19 come to the fourth server.
    holds: (place) => ([3, 11, 19].includes(place) ? [RARE] : [place % RARE]),
  });
  await crowd.arrive();
  await crowd.clock.pass(MAX_PRESENCE_INTERVAL_MS);
  const own = Math.ceil(MEMBERS / SERVERS);
  const bounds = (known: readonly number[]) => [Math.min(...known), Math.max(...known)];
  const [least, most] = bounds(crowd.known());
  expect(least).toBeGreaterThanOrEqual(own + MAX_FOREIGN_MEMBERS - SHARDS);
  expect(most).toBeLessThanOrEqual(own + 2 * MAX_FOREIGN_MEMBERS);
  expect(crowd.routes()).toBe(MEMBERS);
  const load = await crowd.measure(MAX_PRESENCE_INTERVAL_MS);
  // As many as one server's tabs hear, and in a crowd that says the least half as many more.
  expect(load.heard).toBeLessThan(64);

  crowd.network.servers[3]!.stop();
  const failover = await crowd.measure(2 * MAX_PRESENCE_INTERVAL_MS);
  expect(crowd.members.map(({ transport }) => transport.introducers.length)).toEqual(Array(MEMBERS).fill(2));
  expect(crowd.routes()).toBe(MEMBERS);
  await crowd.clock.pass(2 * MAX_PRESENCE_INTERVAL_MS);
  expect(crowd.routes()).toBe(MEMBERS);
  const after = await crowd.measure(MAX_PRESENCE_INTERVAL_MS);
  expect(after.heard).toBeLessThan(64);
  const { user, system } = process.cpuUsage(used);
  // Not through the console, which shows nothing of tests that pass.
  process.stdout.write(
    [
      `each knows ${least} to ${most} of ${MEMBERS}; says ${load.said.toFixed(3)} and hears ${load.heard.toFixed(1)} presences a second`,
      `${failover.heard.toFixed(1)} in the ${(2 * MAX_PRESENCE_INTERVAL_MS) / 1000} s after a server's death, ${after.heard.toFixed(1)} later; then known ${bounds(crowd.known()).join(' to ')}`,
      `${((user + system) / 1e6).toFixed(0)} s of processor, ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`,
      '',
    ].join('\n'),
  );
});
