import { describe, expect, it } from 'vitest';
import { CHURN_SWARM, type ChurnReport, runChurn } from './support/churn.ts';

// The whole of it takes five to ten minutes of one core: SHOAL_SCALE=full npx vitest run --project unit tests/swarm/scale.test.ts
const FULL = process.env.SHOAL_SCALE === 'full';
const SIZE = FULL ? { nodes: 200, sessions: 50, seconds: 600 } : { nodes: 40, sessions: 12, seconds: 40 };
const SEEDS = FULL ? [1] : [1, 2, 3];
const TIMEOUT_MS = FULL ? 3_600_000 : 120_000;

function print({ answers, tokens, leaves, pausesMs, routing, heapBytes, left }: ChurnReport): void {
  const at = (part: number) => ((pausesMs[Math.floor(part * (pausesMs.length - 1))] ?? 0) / 1000).toFixed(2);
  const { plans, planMs, lookMs } = routing;
  const perToken = (ms: number) => ((1000 * ms) / tokens).toFixed(0);
  const shown = { ...left, members: [...new Set(left.members)] };
  // Not through the console, which shows nothing of tests that pass.
  process.stdout.write(
    [
      `${answers} answers, ${tokens} tokens; ${leaves.clean} clean leaves, ${leaves.abrupt} abrupt ones`,
      `longest pause of an answer: median ${at(0.5)} s, 95 % ${at(0.95)} s, 99 % ${at(0.99)} s, worst ${at(1)} s`,
      `routing ${perToken(planMs + lookMs)} us a token: ${plans} plans of ${(planMs / plans).toFixed(2)} ms, ${perToken(lookMs)} us a lap to see who leaves`,
      `heap ${heapBytes.map((bytes) => (bytes / 2 ** 20).toFixed(0)).join(' -> ')} MiB; left ${JSON.stringify(shown)}`,
      '',
    ].join('\n'),
  );
}

describe(`${SIZE.nodes} nodes and ${SIZE.sessions} sessions, a leave and a join a second for ${SIZE.seconds} s`, () => {
  it.each(SEEDS)(
    'every answer is right, none hangs, and nothing piles up: seed %i',
    async (seed) => {
      const report = await runChurn({ ...CHURN_SWARM, ...SIZE, seed });
      print(report);
      expect(report.failures).toEqual([]);
      expect(report.wrong).toEqual([]);
      expect(report.answers).toBeGreaterThan((SIZE.sessions * SIZE.seconds) / 30);
      const { left, heapBytes } = report;
      expect(left).toMatchObject({ openSessions: 0, runnerSessions: 0, queuedTasks: 0, keptBytes: 0 });
      expect(left.nodes).toBe(SIZE.nodes);
      expect(new Set(left.members)).toEqual(new Set([SIZE.nodes]));
      expect(left.links).toBeLessThanOrEqual(left.parties * (left.parties - 1));
      const [middle, end] = [heapBytes[heapBytes.length >> 1]!, heapBytes.at(-1)!];
      expect(end).toBeLessThan(1.1 * middle + 8 * 2 ** 20);
    },
    TIMEOUT_MS,
  );
});
