import { describe } from 'vitest';
import { nodeHost } from '../../src/cpu/node-host.ts';
import { createCpuRunner } from '../../src/engine/cpu/cpu-runner.ts';
import { createWebGpuRunner } from '../../src/engine/webgpu/webgpu-runner.ts';
import { opener } from '../engine/fixture.ts';
import { testReferenceModel } from '../engine/reference-model.ts';
import { openTestGpu } from '../support/gpu.ts';

const MODELS = ['gemma-3-270m', 'qwen2.5-coder-0.5b', 'qwen2.5-coder-1.5b'];

describe.each(MODELS)('%s on the processor', (id) => {
  testReferenceModel(
    id,
    opener((options) => createCpuRunner({ host: nodeHost, precision: 'exact', threads: 2, ...options })),
  );
});

describe.each(MODELS)('%s on WebGPU', (id) => {
  testReferenceModel(
    id,
    opener(async (options) => createWebGpuRunner({ gpu: await openTestGpu(), ...options })),
  );
});
