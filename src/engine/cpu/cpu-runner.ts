import { ShoalError } from '../../core/errors.ts';
import type { CpuHost } from '../../cpu/host.ts';
import { CpuKernels } from '../../cpu/kernels.ts';
import { MAX_MEMORY_BYTES } from '../../cpu/memory.ts';
import { modelHeads } from '../../model/architectures.ts';
import type { Hyperparameters } from '../../model/hyperparameters.ts';
import { DeviceRunner } from '../device-runner.ts';
import type { LayerRunner } from '../layer-runner.ts';
import { CPU_SPARE_BYTES, CPU_TASK_TOKENS, MAX_KV_BYTES } from '../limits.ts';
import { planPages } from '../page-plan.ts';
import type { SessionPages } from '../session-pages.ts';
import { CpuExecutor } from './executor.ts';
import { CpuLoader } from './loader.ts';
import { CpuModel } from './model.ts';
import { CpuPagePool } from './page-pool.ts';
import { type CpuPrecision, createCpuWorkspace, scratchBytes } from './workspace.ts';

export interface CpuRunnerOptions {
  readonly host: CpuHost;
  readonly hyperparameters: Hyperparameters;
  /** How many threads compute; 1 unless given, and where the host has none. */
  readonly threads?: number;
  /** `i16` unless given. */
  readonly precision?: CpuPrecision;
  /** Cap of all sessions' KV pages and states; `MAX_KV_BYTES` unless given. */
  readonly maxKvBytes?: number;
}

/**
 * A runner on the processor, in WebAssembly. It computes in the calling thread, which it blocks meanwhile.
 * @throws ShoalError `unsupported-architecture` for head sizes that the kernels cannot do, `out-of-memory`
 */
export async function createCpuRunner(options: CpuRunnerOptions): Promise<LayerRunner & SessionPages> {
  const { host, hyperparameters, threads = 1, precision = 'i16', maxKvBytes = MAX_KV_BYTES } = options;
  for (const { headSize } of modelHeads(hyperparameters)) {
    if (headSize % 4 === 0) continue;
    throw new ShoalError(
      'unsupported-architecture',
      `The model has heads of ${headSize} elements; supported are multiples of 4.`,
    );
  }
  const kernels = await CpuKernels.open(host, threads, scratchBytes(hyperparameters));
  const workspace = createCpuWorkspace(kernels.memory, hyperparameters, precision);
  const plans = planPages(hyperparameters, maxKvBytes);
  const cache = new CpuPagePool(kernels.memory, plans.cache);
  const states = plans.states && new CpuPagePool(kernels.memory, plans.states);
  const pools = { cache, states };
  const model = new CpuModel(pools);
  return new DeviceRunner({
    info: {
      kind: 'cpu',
      adapter: `WebAssembly, ${kernels.threads} ${kernels.threads === 1 ? 'thread' : 'threads'}`,
      software: false,
      maxBufferBytes: MAX_MEMORY_BYTES,
      maxWeightBytes: MAX_MEMORY_BYTES - kernels.memory.usedBytes - CPU_SPARE_BYTES,
      maxTaskTokens: CPU_TASK_TOKENS,
    },
    hyperparameters,
    // A processor is never lost.
    device: { lost: new Promise(() => undefined), destroy: () => kernels.close() },
    ...pools,
    model,
    executor: new CpuExecutor(kernels, hyperparameters, workspace, model, pools),
    createLoader: (reader, options) => new CpuLoader(kernels, reader, hyperparameters, options),
  });
}
