import { describe } from 'vitest';
import { nodeHost } from '../../src/cpu/node-host.ts';
import { createCpuRunner } from '../../src/engine/cpu/cpu-runner.ts';
import { createWebGpuRunner } from '../../src/engine/webgpu/webgpu-runner.ts';
import { testAuditBound } from '../engine/audit-bound.ts';
import { opener } from '../engine/fixture.ts';
import { testHonestAudits } from '../engine/honest-audits.ts';
import { makeTinyModel } from '../fixtures/tiny-model.ts';
import { openTestGpu } from '../support/gpu.ts';
import { openFileSource, splitBytes, splitModel } from '../support/shard-readers.ts';

describe('the bound of checks, WebGPU beside the processor', () => {
  testAuditBound(async () => {
    const model = await splitModel(await openFileSource('models_cache/SmolLM2-135M-Instruct.Q4_1.gguf'), 4);
    return Promise.all([
      opener(async (options) => createWebGpuRunner({ gpu: await openTestGpu(), ...options }))(model),
      opener((options) => createCpuRunner({ host: nodeHost, ...options }))(model),
    ]);
  });

  testHonestAudits(
    async () => {
      const model = await splitBytes(makeTinyModel({ type: 'Q4_1', width: 64, feedForwardWidth: 128 }), 1);
      return Promise.all([
        opener(async (options) => createWebGpuRunner({ gpu: await openTestGpu(), ...options }))(model),
        opener((options) => createCpuRunner({ host: nodeHost, ...options }))(model),
      ]);
    },
    { margin: 4 },
  );
});
