import { createWebGpuRunner } from '../../src/engine/webgpu/webgpu-runner.ts';
import { GREEDY_CASES, testDefaultModel } from '../engine/default-model.ts';
import { opener } from '../engine/fixture.ts';
import { openTestGpu } from '../support/gpu.ts';

/** A software adapter does some ten tokens a second: the long ones are asked in tests/e2e/webgpu.spec.ts. */
const SHORT_CASES = GREEDY_CASES.filter(({ ids }) => ids.length <= 12);

testDefaultModel(
  opener(async (options) => createWebGpuRunner({ gpu: await openTestGpu(), ...options })),
  SHORT_CASES,
);
