import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_SAMPLING } from '../../src/swarm/coordinator/sampler.ts';
import { SimulatedClock } from './support/simulated-clock.ts';
import { TestSwarm, type TestSwarmOptions } from './support/test-swarm.ts';

// In simulated time, so that the gains are the scheduling's own, whatever else the machine does.

/** A stage's time for one task. */
const COMPUTE_MS = 50;
/** One way between two tabs. */
const LATENCY_MS = 1;
/** Of an answer: enough for the beginning, when prompts are read, and the end, when sessions run out, to count little. */
const TOKENS = 32;

let clock: SimulatedClock;
let swarm: TestSwarm;
beforeEach(() => {
  clock = new SimulatedClock();
});
afterEach(async () => {
  await clock.until(swarm.close());
  clock.restore();
});

async function open(holdings: readonly (readonly number[])[], options: TestSwarmOptions = {}): Promise<void> {
  const network = { link: { latencyMs: LATENCY_MS } };
  swarm = await clock.until(TestSwarm.create(holdings, { computeMs: COMPUTE_MS, network, ...options }));
}

async function answer(promptTokens: number, maxTokens: number, conversation?: string): Promise<void> {
  const promptIds = Array.from({ length: promptTokens }, (_, index) => (index * 37) % 500);
  const tokens = swarm.guest.coordinator.generate({
    ...{ promptIds, maxTokens, stopIds: new Set<number>(), sampling: DEFAULT_SAMPLING, topLogprobs: 0 },
    ...(conversation ? { conversation } : {}),
  });
  let count = 0;
  for await (const _ of tokens) count++;
  expect(count).toBe(maxTokens);
}

/** Simulated time that it takes, ms. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = clock.nowMs;
  await clock.until(work());
  return clock.nowMs - startedAtMs;
}

/** How many times the tokens a second of one session eight give. */
async function gainOfEight(promptTokens: number): Promise<number> {
  await clock.until(answer(promptTokens, 2));
  const oneMs = await timed(() => answer(promptTokens, TOKENS));
  const eightMs = await timed(() => Promise.all(Array.from({ length: 8 }, () => answer(promptTokens, TOKENS))));
  const gain = (8 * oneMs) / eightMs;
  console.log(`one session ${oneMs.toFixed(0)} ms, eight ${eightMs.toFixed(0)} ms: ${gain.toFixed(2)} x`);
  return gain;
}

describe('four stages, each with a device of its own', () => {
  it('give eight sessions 3.6 times the tokens a second of one', async () => {
    await open([[0], [1], [2], [3]]);
    expect(await gainOfEight(4)).toBeGreaterThan(3.6);
  });

  it('run what waits together: one node that reads its weights once for a batch', async () => {
    await open([[0, 1, 2, 3]], { furtherMs: 0 });
    // One by one it would be once. Nearly four it is: they fall into two groups that take turns.
    expect(await gainOfEight(1)).toBeGreaterThan(3.6);
  });

  it('read a prompt in chunks that keep all of them busy: 0.85 of what R stages and N chunks can', async () => {
    const chunks = 12;
    await open([[0], [1], [2], [3]], { maxTaskTokens: 16 });
    // The route stands: what is measured is the reading alone.
    await clock.until(answer(1, 1, 'main'));
    const elapsedMs = await timed(() => answer(16 * chunks, 1, 'main'));
    const speedup = (4 * chunks * COMPUTE_MS) / elapsedMs;
    const ideal = (4 * chunks) / (4 + chunks - 1);
    console.log(`${chunks} chunks in ${elapsedMs.toFixed(0)} ms: ${speedup.toFixed(2)} x, ideal ${ideal.toFixed(2)} x`);
    expect(speedup).toBeGreaterThan(0.85 * ideal);
  });
});
