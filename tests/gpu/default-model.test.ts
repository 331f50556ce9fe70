import { createWebGpuRunner } from '../../src/engine/webgpu/webgpu-runner.ts';
import { GREEDY_CASES, testDefaultModel } from '../engine/default-model.ts';
import { opener } from '../engine/fixture.ts';
import { openTestGpu } from '../support/gpu.ts';

/** The first that are short: a software adapter does some ten tokens a second. */
const SHORT_CASES = GREEDY_CASES.filter(({ endsWithEos }) => endsWithEos).slice(0, 4);

testDefaultModel(
  opener(async (options) => createWebGpuRunner({ gpu: await openTestGpu(), ...options })),
  SHORT_CASES,
);
