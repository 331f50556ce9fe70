import { expect } from 'vitest';
import { type Activation, createActivation } from '../../src/gpu/activation.ts';
import type { GpuContext, Op } from '../../src/gpu/context.ts';
import { openDevice } from '../../src/gpu/device.ts';
import { Kernels } from '../../src/gpu/kernels.ts';
import { TaskBuffer, type TaskParameters } from '../../src/gpu/task-buffer.ts';
import { type Tuning, tuningFor } from '../../src/gpu/tuning.ts';
import { normals, seededRandom } from '../fixtures/random.ts';
import { openTestGpu } from '../support/gpu.ts';

/** One device with everything that a kernel test needs around a launcher. */
export class KernelHarness {
  readonly context: GpuContext;
  readonly device: GPUDevice;
  readonly tasks: TaskBuffer<never>;
  /** Validation errors that nobody awaited. */
  readonly errors: string[] = [];

  static async open(tuning?: Tuning): Promise<KernelHarness> {
    const gpu = await openDevice(await openTestGpu());
    return new KernelHarness(gpu, tuning ?? tuningFor(gpu));
  }

  private constructor(gpu: GpuContext['gpu'], tuning: Tuning) {
    this.device = gpu.device;
    this.tasks = new TaskBuffer(gpu.device, 64, {});
    this.context = { gpu, tuning, kernels: new Kernels(gpu.device, this.tasks.buffer) };
    gpu.device.addEventListener('uncapturederror', ({ error }) => this.errors.push(error.message));
  }

  /** The same device with other tuning. */
  tuned(tuning: Partial<Tuning>): GpuContext {
    return { ...this.context, tuning: { ...this.context.tuning, ...tuning } };
  }

  /** A storage buffer with `data`. */
  upload(data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): GPUBuffer {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = this.device.createBuffer({ size: Math.max(16, Math.ceil(data.byteLength / 16) * 16), usage });
    this.device.queue.writeBuffer(buffer, 0, data);
    return buffer;
  }

  /** `[rows, width]` as an activation; without data zeros. */
  activation(rows: number, width: number, data?: Float32Array<ArrayBuffer>): Activation {
    const activation = createActivation(this.device, 'test', rows, width);
    for (let row = 0; data && row < rows; row++) {
      const part = data.slice(row * width, (row + 1) * width);
      this.device.queue.writeBuffer(activation.buffer, row * activation.stride * 16, part);
    }
    return activation;
  }

  async download(buffer: GPUBuffer): Promise<ArrayBuffer> {
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const readback = this.device.createBuffer({ size: buffer.size, usage });
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, readback, 0, buffer.size);
    this.device.queue.submit([encoder.finish()]);
    await readback.mapAsync(GPUMapMode.READ);
    const bytes = readback.getMappedRange().slice(0);
    readback.destroy();
    expect(this.errors).toEqual([]);
    return bytes;
  }

  /** The rows of an activation without their padding. */
  async rows({ buffer, width, stride }: Activation): Promise<Float32Array> {
    const all = new Float32Array(await this.download(buffer));
    const rows = all.length / (stride * 4);
    const out = new Float32Array(rows * width);
    for (let row = 0; row < rows; row++) out.set(all.subarray(row * stride * 4, row * stride * 4 + width), row * width);
    return out;
  }

  /** Encodes with the tasks that `encode` adds, uploads and submits. */
  submit(encode: (encoder: GPUComputePassEncoder, addTask: (task: TaskParameters) => number) => void): void {
    this.tasks.reset();
    const commands = this.device.createCommandEncoder();
    const encoder = commands.beginComputePass();
    encode(encoder, (task) => this.tasks.addTask(task));
    encoder.end();
    this.tasks.upload();
    this.device.queue.submit([commands.finish()]);
  }

  run(op: Op, task: TaskParameters & { readonly tokens: number }): void {
    this.submit((encoder, addTask) => op({ encoder, taskOffset: addTask(task) }, task.tokens));
  }

  close(): void {
    this.device.destroy();
  }
}

/** Seeded normal values. */
export function randomValues(seed: number, count: number, deviation = 1): Float32Array<ArrayBuffer> {
  return normals(seededRandom(seed), count, deviation);
}

/** Every value within `tolerance` of its reference; the message names the worst. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  let worst = { index: 0, difference: 0 };
  for (let index = 0; index < expected.length; index++) {
    const difference = Math.abs(actual[index]! - expected[index]!);
    if (!(difference <= worst.difference)) worst = { index, difference };
  }
  const { index, difference } = worst;
  const message = `element ${index}: ${actual[index]} for ${expected[index]}, off by ${difference}`;
  expect(difference <= tolerance, `${message}, allowed ${tolerance}`).toBe(true);
}
