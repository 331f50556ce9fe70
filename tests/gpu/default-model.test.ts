import { vi } from 'vitest';
import { createWebGpuRunner } from '../../src/engine/webgpu/webgpu-runner.ts';
import { GREEDY_CASES, testDefaultModel } from '../engine/default-model.ts';
import { opener } from '../engine/fixture.ts';
import { openTestGpu } from '../support/gpu.ts';

/** The first that are short: a software adapter does some ten tokens a second. */
const SHORT_CASES = GREEDY_CASES.filter(({ endsWithEos }) => endsWithEos).slice(0, 4);

// 512 positions take a software adapter half a minute, on a busy machine some minutes.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 });

testDefaultModel(
  opener(async (options) => createWebGpuRunner({ gpu: await openTestGpu(), ...options })),
  SHORT_CASES,
);
