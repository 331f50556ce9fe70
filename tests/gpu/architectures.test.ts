import { describe } from 'vitest';
import { createWebGpuRunner } from '../../src/engine/webgpu/webgpu-runner.ts';
import { testArchitectures } from '../engine/architectures.ts';
import { opener } from '../engine/fixture.ts';
import { openSharedGpu } from '../support/shared-gpu.ts';

describe('architectures on WebGPU', () => {
  testArchitectures(opener(async (options) => createWebGpuRunner({ gpu: await openSharedGpu(), ...options })));
});
