import type { GpuDevice } from './device.ts';
import type { Kernels, Pass } from './kernels.ts';
import type { Tuning } from './tuning.ts';

/** What every launcher needs. */
export interface GpuContext {
  readonly gpu: GpuDevice;
  readonly kernels: Kernels;
  readonly tuning: Tuning;
}

/** One step of a task, its buffers bound: encodes its dispatches for `tokens` rows. */
export type Op = (pass: Pass, tokens: number) => void;
