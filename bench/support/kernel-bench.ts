import { create, globals } from 'webgpu';
import type { GpuContext } from '../../src/gpu/context.ts';
import { openDevice } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernels.ts';
import { TaskBuffer } from '../../src/gpu/task-buffer.ts';
import { tuningFor } from '../../src/gpu/tuning.ts';
import { type KernelCase, kernelCases } from './kernel-cases.ts';
import { type Distribution, measure } from './measure.ts';

/** Dispatches in one submit, so that the submit's own milliseconds do not count. */
const DISPATCHES = 20;
/** `Task`s of a case's dispatches: a choice of candidates takes several. */
const MAX_TASKS = DISPATCHES * 8;

export interface KernelResult extends Omit<KernelCase, 'encode'> {
  /** Of one run of the kernel, milliseconds. */
  readonly timing: Distribution;
}

/** Times every kernel of the default model on Dawn's first adapter. */
export async function benchKernels(
  repeats: number,
  only: string,
  report: (result: KernelResult) => void,
): Promise<{ readonly adapter: string }> {
  Object.assign(globalThis, globals);
  const instance = create([]);
  const gpu = await openDevice(instance);
  const tasks = new TaskBuffer(gpu.device, MAX_TASKS, {});
  const context: GpuContext = { gpu, kernels: new Kernels(gpu.device, tasks.buffer), tuning: tuningFor(gpu) };
  for (const { encode, ...kernel } of await kernelCases(context, tasks)) {
    if (!kernel.name.includes(only)) continue;
    const { median, spread } = await measure(() => runOnce(gpu.device, tasks, encode), repeats);
    report({ ...kernel, timing: { median: median / DISPATCHES, spread: spread / DISPATCHES } });
  }
  gpu.device.destroy();
  return { adapter: gpu.adapter };
}

async function runOnce(device: GPUDevice, tasks: TaskBuffer<never>, encode: KernelCase['encode']): Promise<void> {
  tasks.reset();
  const commands = device.createCommandEncoder();
  const encoder = commands.beginComputePass();
  for (let index = 0; index < DISPATCHES; index++) encode(encoder);
  encoder.end();
  tasks.upload();
  device.queue.submit([commands.finish()]);
  await device.queue.onSubmittedWorkDone();
}
