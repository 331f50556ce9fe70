import { expect, it } from 'vitest';
import { measureDevice } from '../../src/app/device/measure-device.ts';
import { createWebGpuRunner } from '../../src/engine/webgpu/webgpu-runner.ts';
import { openTestGpu } from '../support/gpu.ts';

it('finds that a GPU computes right, and what it takes', async () => {
  const speed = await measureDevice(async (hyperparameters) =>
    createWebGpuRunner({ gpu: await openTestGpu(), hyperparameters }),
  );
  expect(speed.info.kind).toBe('webgpu');
  expect(speed.deviation).toBeLessThan(1e-4);
  expect(speed.correct).toBe(true);
  expect(speed.weightBytesPerSecond).toBeGreaterThan(1e6);
});
