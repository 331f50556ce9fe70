import { create, globals } from 'webgpu';
import type { GpuContext } from '../../src/gpu/context.ts';
import { openDevice } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernels.ts';
import { TaskBuffer } from '../../src/gpu/task-buffer.ts';
import { tuningFor } from '../../src/gpu/tuning.ts';
import { type KernelCase, kernelCases } from './kernel-cases.ts';
import { type Distribution, measure } from './measure.ts';

/** Dispatches in one submit, so that the submit's own time does not count: a tenth of a millisecond on hardware. */
const DISPATCHES = 400;
const SOFTWARE_DISPATCHES = 20;
/** Multiplications in one submit: a large matrix takes no longer. */
const MACS = 2e11;
const WARM_UP_MS = 1000;
/** `Task`s of a dispatch: a choice of candidates takes several. */
const MAX_TASKS = 8;

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
  const most = gpu.software ? SOFTWARE_DISPATCHES : DISPATCHES;
  const tasks = new TaskBuffer(gpu.device, most * MAX_TASKS, {});
  const context: GpuContext = { gpu, kernels: new Kernels(gpu.device, tasks.buffer), tuning: tuningFor(gpu) };
  const cases = await kernelCases(context, tasks);
  if (!gpu.software) await warmUp(() => submit(gpu.device, tasks, cases[0]!.encode, most));
  for (const { encode, ...kernel } of cases) {
    if (!kernel.name.includes(only)) continue;
    const dispatches = Math.min(most, Math.ceil(MACS / kernel.macs));
    const { median, spread } = await measure(() => submit(gpu.device, tasks, encode, dispatches), repeats);
    report({ ...kernel, timing: { median: median / dispatches, spread: spread / dispatches } });
  }
  gpu.device.destroy();
  return { adapter: gpu.adapter };
}

/** A graphics card takes its time to raise its clocks. */
async function warmUp(work: () => Promise<void>): Promise<void> {
  const endMs = performance.now() + WARM_UP_MS;
  while (performance.now() < endMs) await work();
}

async function submit(
  device: GPUDevice,
  tasks: TaskBuffer<never>,
  encode: KernelCase['encode'],
  dispatches: number,
): Promise<void> {
  tasks.reset();
  const commands = device.createCommandEncoder();
  const encoder = commands.beginComputePass();
  for (let index = 0; index < dispatches; index++) encode(encoder);
  encoder.end();
  tasks.upload();
  device.queue.submit([commands.finish()]);
  await device.queue.onSubmittedWorkDone();
}
