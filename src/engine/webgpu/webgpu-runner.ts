import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import { openDevice } from '../../gpu/device.ts';
import { Kernels } from '../../gpu/kernels.ts';
import { tuningFor } from '../../gpu/tuning.ts';
import { modelHeads } from '../../model/architectures.ts';
import type { Hyperparameters } from '../../model/hyperparameters.ts';
import { DeviceRunner } from '../device-runner.ts';
import type { LayerRunner } from '../layer-runner.ts';
import { MAX_KV_BYTES, maxTaskTokens } from '../limits.ts';
import { planPages } from '../page-plan.ts';
import type { SessionPages } from '../session-pages.ts';
import { GpuExecutor } from './executor.ts';
import { GpuLoader } from './loader.ts';
import { GpuModel } from './model.ts';
import { GpuPagePool } from './page-pool.ts';
import { createWorkspace } from './workspace.ts';

/** An attention workgroup has a thread for every four elements of a head, and WebGPU's default is 256 threads. */
const MAX_HEAD_SIZE = 1024;

export interface WebGpuRunnerOptions {
  /** `navigator.gpu`, in a page, a worker, or Node. */
  readonly gpu: GPU;
  readonly hyperparameters: Hyperparameters;
  /** Cap of all sessions' KV pages and states; `MAX_KV_BYTES` unless given. */
  readonly maxKvBytes?: number;
}

/**
 * A runner on the strongest adapter that `gpu` has.
 * @throws ShoalError `no-webgpu`; `unsupported-architecture` for head sizes that the kernels cannot do
 */
export async function createWebGpuRunner(options: WebGpuRunnerOptions): Promise<LayerRunner & SessionPages> {
  const { hyperparameters, maxKvBytes = MAX_KV_BYTES } = options;
  for (const { headSize } of modelHeads(hyperparameters)) {
    if (headSize % 4 === 0 && headSize <= MAX_HEAD_SIZE) continue;
    throw new ShoalError(
      'unsupported-architecture',
      `The model has heads of ${headSize} elements; supported are multiples of 4 up to ${MAX_HEAD_SIZE}.`,
    );
  }
  const gpu = await openDevice(options.gpu);
  const maxTokens = maxTaskTokens(gpu.software);
  const workspace = createWorkspace(gpu, hyperparameters, maxTokens);
  const kernels = new Kernels(gpu.device, workspace.tasks.buffer);
  const plans = planPages(hyperparameters, maxKvBytes);
  const cache = new GpuPagePool(gpu.device, plans.cache, gpu.maxBindingBytes);
  const states = plans.states && new GpuPagePool(gpu.device, plans.states, gpu.maxBindingBytes);
  const pools = { cache, states };
  const tuning = tuningFor(gpu);
  const model = new GpuModel({ gpu, kernels, tuning }, hyperparameters, workspace, pools);
  gpu.device.addEventListener('uncapturederror', ({ error }) => log.error('GPU', error.message));
  return new DeviceRunner({
    info: {
      kind: 'webgpu',
      adapter: gpu.adapter,
      software: gpu.software,
      maxBufferBytes: gpu.maxBindingBytes,
      // Matrices lie in as many buffers as they need.
      maxWeightBytes: Number.POSITIVE_INFINITY,
      maxTaskTokens: maxTokens,
    },
    hyperparameters,
    device: { lost: gpu.lost, destroy: () => gpu.device.destroy() },
    ...pools,
    model,
    executor: new GpuExecutor(gpu.device, hyperparameters, workspace, model, pools, tuning.submitLayers),
    createLoader: (reader, options) => new GpuLoader(gpu, reader, hyperparameters, options),
  });
}
