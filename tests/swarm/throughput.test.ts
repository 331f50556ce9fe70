import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_SAMPLING } from '../../src/swarm/coordinator/sampler.ts';
import { TestSwarm } from './support/test-swarm.ts';

// On an idle machine the gains are 3.95 of 4 and 0.97 of the ideal; the bounds leave room for what runs beside the test.

/** A stage's time for one task; far above what the machinery itself takes. */
const COMPUTE_MS = 50;
const TOKENS = 8;

let swarm: TestSwarm;
afterEach(() => swarm?.close());

async function answer(promptTokens: number, maxTokens: number, conversation?: string): Promise<number> {
  const promptIds = Array.from({ length: promptTokens }, (_, index) => (index * 37) % 500);
  const startedAtMs = performance.now();
  const tokens = swarm.guest.coordinator.generate({
    ...{ promptIds, maxTokens, stopIds: new Set<number>(), sampling: DEFAULT_SAMPLING, topLogprobs: 0 },
    ...(conversation ? { conversation } : {}),
  });
  let count = 0;
  for await (const _ of tokens) count++;
  expect(count).toBe(maxTokens);
  return performance.now() - startedAtMs;
}

describe('four stages, each with a device of its own', () => {
  it('give eight sessions three times the tokens a second of one and more', async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3]], { computeMs: COMPUTE_MS });
    await answer(4, 2);
    const oneMs = await answer(4, TOKENS);
    const startedAtMs = performance.now();
    await Promise.all(Array.from({ length: 8 }, () => answer(4, TOKENS)));
    const eightMs = performance.now() - startedAtMs;
    const gain = (8 * oneMs) / eightMs;
    console.log(`one session ${oneMs.toFixed(0)} ms, eight ${eightMs.toFixed(0)} ms: ${gain.toFixed(2)} x`);
    expect(gain).toBeGreaterThan(3);
  });

  it('run what waits together: one node that reads its weights once for a batch', async () => {
    swarm = await TestSwarm.create([[0, 1, 2, 3]], { computeMs: COMPUTE_MS, furtherMs: 0 });
    await answer(1, 2);
    const oneMs = await answer(1, TOKENS);
    const startedAtMs = performance.now();
    await Promise.all(Array.from({ length: 8 }, () => answer(1, TOKENS)));
    const gain = (8 * oneMs) / (performance.now() - startedAtMs);
    console.log(`eight sessions where a batch takes the time of one task: ${gain.toFixed(2)} x`);
    // One by one it would be once. Nearly four it is: they fall into two groups that take turns.
    expect(gain).toBeGreaterThan(3);
  });

  it('read a prompt in chunks that keep all of them busy', async () => {
    const chunks = 12;
    swarm = await TestSwarm.create([[0], [1], [2], [3]], { computeMs: COMPUTE_MS, maxTaskTokens: 16 });
    // The route stands: what is measured is the reading alone.
    await answer(1, 1, 'main');
    const elapsedMs = await answer(16 * chunks, 1, 'main');
    const speedup = (4 * chunks * COMPUTE_MS) / elapsedMs;
    const ideal = (4 * chunks) / (4 + chunks - 1);
    console.log(`${chunks} chunks in ${elapsedMs.toFixed(0)} ms: ${speedup.toFixed(2)} x, ideal ${ideal.toFixed(2)} x`);
    expect(speedup).toBeGreaterThan(0.7 * ideal);
  });
});
