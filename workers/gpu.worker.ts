import { ShoalError } from '../src/core/errors.ts';
import { createWebGpuRunner } from '../src/engine/webgpu/webgpu-runner.ts';
import { serveRunner } from './serve-runner.ts';

serveRunner(async (hyperparameters) => {
  if (!navigator.gpu)
    throw new ShoalError(
      'no-webgpu',
      'This browser has no WebGPU. Let the processor run the layers: choose "Automatic" under Settings.',
    );
  return createWebGpuRunner({ gpu: navigator.gpu, hyperparameters });
});
