import { afterEach, expect, it, vi } from 'vitest';
import { presenceTopic } from '../../src/protocol/directory.ts';
import { DEFAULT_SAMPLING } from '../../src/swarm/coordinator/sampler.ts';
import { TestSwarm } from './support/test-swarm.ts';

const CROWD = 4090;
const TOKENS = 150;

let swarm: TestSwarm;
afterEach(async () => {
  vi.restoreAllMocks();
  await swarm.close();
});

/** What one answer takes, of the clock and of this process's processor, ms. */
async function answer(): Promise<{ wallMs: number; cpuMs: number }> {
  const startedAtMs = performance.now();
  const used = process.cpuUsage();
  let count = 0;
  const tokens = swarm.guest.coordinator.generate({
    promptIds: [1, 2, 3],
    maxTokens: TOKENS,
    stopIds: new Set(),
    sampling: DEFAULT_SAMPLING,
    topLogprobs: 0,
  });
  for await (const _ of tokens) count++;
  expect(count).toBe(TOKENS);
  const { user, system } = process.cpuUsage(used);
  return { wallMs: performance.now() - startedAtMs, cpuMs: (user + system) / 1000 };
}

/** The least of several: what disturbs a run only adds to it. */
async function least(): Promise<{ wallMs: number; cpuMs: number }> {
  const runs = [await answer(), await answer(), await answer()];
  return {
    wallMs: Math.min(...runs.map(({ wallMs }) => wallMs)),
    cpuMs: Math.min(...runs.map(({ cpuMs }) => cpuMs)),
  };
}

it('four thousand members around four nodes take less than a fifth of an answer’s time', {
  timeout: 120_000,
}, async () => {
  vi.spyOn(console, 'info').mockReturnValue();
  swarm = await TestSwarm.create([[0], [1], [2], [3]]);
  await answer();
  const alone = await least();
  const idle = { pending: [], layersPerSecond: 0.02, queueLength: 9, leaving: false, willing: true, auto: true };
  const presence = new TextEncoder().encode(JSON.stringify({ sequence: 1, ready: [0, 1, 2, 3], ...idle }));
  const crowd = swarm.network.createTransport();
  for (let name = 0; name < CROWD; name++)
    crowd.forge(`somebody ${name}`, presenceTopic('a'.repeat(64)), presence, 'server');
  const known = () => [swarm.guest, ...swarm.nodes].map(({ membership }) => membership.members().length);
  await vi.waitFor(() => expect(Math.min(...known())).toBeGreaterThanOrEqual(CROWD), { timeout: 30_000 });
  const among = await least();
  expect(known()[0]).toBe(CROWD + 4);
  expect(among.cpuMs - alone.cpuMs).toBeLessThan(0.2 * alone.wallMs);
});
