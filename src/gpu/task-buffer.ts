import { TASK_BYTES } from './kernels.ts';

/** `Task` of kernels/blocks/task.wgsl; what a kernel does not read may be left out. */
export interface TaskParameters {
  readonly tokens?: number;
  readonly first?: number;
  readonly result?: number;
  readonly keep?: number;
  readonly chunk?: number;
  readonly count?: number;
  readonly sourceStride?: number;
  readonly targetStride?: number;
  readonly wanted?: number;
  readonly masked?: number;
}

/** WebGPU's default `minUniformBufferOffsetAlignment` and `minStorageBufferOffsetAlignment`. */
const ALIGNMENT = 256;

/** A named part of the task buffer that kernels read as storage. */
export interface Region {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/**
 * Everything small that one task brings to the device: `Task` parameters of its dispatches, then regions (page table,
 * ids, …). Written on the CPU, uploaded at once.
 */
export class TaskBuffer<Name extends string> {
  readonly buffer: GPUBuffer;
  readonly regions: Readonly<Record<Name, Region>>;
  readonly #queue: GPUQueue;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #maxTasks: number;
  #tasks = 0;
  /** Of the bytes that the device does not have yet. */
  #first = 0;
  #end = 0;

  /**
   * @param maxTasks - parameter sets of one task
   * @param regionBytes - sizes, in order of place; put what is seldom written last
   */
  constructor(device: GPUDevice, maxTasks: number, regionBytes: Readonly<Record<Name, number>>) {
    this.#queue = device.queue;
    this.#maxTasks = maxTasks;
    let end = maxTasks * ALIGNMENT;
    const places = (Object.entries(regionBytes) as [Name, number][]).map(([name, bytes]) => {
      const place = { name, offset: end, size: Math.max(4, Math.ceil(bytes / 4) * 4) };
      end += Math.ceil(place.size / ALIGNMENT) * ALIGNMENT;
      return place;
    });
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    this.buffer = device.createBuffer({ label: 'task', size: end, usage });
    this.#bytes = new Uint8Array(end);
    this.#clear();
    this.#words = new Uint32Array(this.#bytes.buffer);
    this.regions = Object.fromEntries(
      places.map(({ name, offset, size }) => [name, { buffer: this.buffer, offset, size }]),
    ) as Record<Name, Region>;
  }

  /** Begins a new task's content. */
  reset(): void {
    this.#tasks = 0;
    this.#clear();
  }

  /** @returns the parameters' offset, for `Pass.taskOffset` */
  addTask(parameters: TaskParameters): number {
    if (this.#tasks === this.#maxTasks) throw new RangeError(`more than ${this.#maxTasks} parameter sets in one task`);
    const { tokens = 0, first = 0, result = 0, keep = 0, chunk = 0 } = parameters;
    const { count = 0, sourceStride = 0, targetStride = 0, wanted = 0, masked = 0 } = parameters;
    const offset = this.#tasks++ * ALIGNMENT;
    this.#words.set(
      [tokens, first, result, keep, chunk, count, sourceStride, targetStride, wanted, masked],
      offset / 4,
    );
    this.#changed(offset, TASK_BYTES);
    return offset;
  }

  /** Fills a region from its beginning. */
  write(name: Name, data: Uint32Array | Float32Array): void {
    const { offset, size } = this.regions[name];
    if (data.byteLength > size) throw new RangeError(`${data.byteLength} bytes for region ${name} of ${size}`);
    this.#bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    this.#changed(offset, data.byteLength);
  }

  /** Puts what was written since the last time on the device, ahead of the next submit. */
  upload(): void {
    if (this.#end > this.#first)
      this.#queue.writeBuffer(this.buffer, this.#first, this.#bytes, this.#first, this.#end - this.#first);
    this.#clear();
  }

  #changed(offset: number, length: number): void {
    this.#first = Math.min(this.#first, offset);
    this.#end = Math.max(this.#end, offset + Math.ceil(length / 4) * 4);
  }

  #clear(): void {
    this.#first = this.#bytes.length;
    this.#end = 0;
  }
}
