import { fileRowBytes, GROUP_ROWS, rowGroups } from '../../blocks/row-groups.ts';
import { ShoalError } from '../../core/errors.ts';
import type { GgufTensor } from '../../gguf/gguf-file.ts';
import type { TensorTypeName } from '../../gguf/tensor-types.ts';
import { strideOf } from '../../gpu/activation.ts';
import type { GpuDevice } from '../../gpu/device.ts';
import { type DeviceMatrix, groupsPerBuffer, type MatrixPart } from '../../gpu/matrix.ts';
import { groupBytes, repackRows } from '../../gpu/repack.ts';
import { rowCount } from '../../model/graph.ts';
import type { Hyperparameters } from '../../model/hyperparameters.ts';
import type { ShardReader } from '../../store/shard-store.ts';
import { LOAD_CHUNK_BYTES, LOAD_STAGED_BYTES } from '../limits.ts';
import { type LoadOptions, TensorReader } from '../tensor-reader.ts';
import type { OrderedTensor, WeightLoader } from '../weights.ts';

/** Streams one shard's tensors to the device, a few MiB at a time, and owns the buffers until they are handed on. */
export class GpuLoader implements WeightLoader<GPUBuffer, DeviceMatrix> {
  readonly #gpu: GpuDevice;
  readonly #reader: TensorReader;
  readonly #buffers: GPUBuffer[] = [];
  #stagedBytes = 0;

  constructor(gpu: GpuDevice, reader: ShardReader, model: Hyperparameters, options: LoadOptions) {
    this.#gpu = gpu;
    this.#reader = new TensorReader(reader, model, options);
  }

  /** Frees all that was loaded. */
  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }

  /** As f32, filled up with zeros like a row of hidden states. */
  async loadVector(vector: OrderedTensor): Promise<GPUBuffer> {
    const read = await this.#reader.vector(vector);
    const values = new Float32Array(strideOf(read.length) * 4);
    values.set(read);
    const buffer = await this.#allocate(vector.tensor.name, values.byteLength);
    this.#gpu.device.queue.writeBuffer(buffer, 0, values);
    return buffer;
  }

  /**
   * Matrices of equal row length, one below the other, as one: neighbours of one type share a buffer, and so a dispatch.
   * Each begins at a whole group of four rows.
   * @throws ShoalError `out-of-memory`, `aborted`
   */
  async loadMatrix(matrices: readonly OrderedTensor[]): Promise<DeviceMatrix> {
    const [{ name, shape }] = matrices.map(({ tensor }) => tensor) as [GgufTensor];
    const columns = shape[0]!;
    const sections = matrices.map((ordered) => ({
      ordered,
      type: ordered.tensor.type,
      groups: rowGroups(rowCount({ ...ordered, shape: ordered.tensor.shape })),
    }));
    const parts: MatrixPart[] = [];
    for (const plan of planParts(sections, columns, this.#gpu.maxBindingBytes)) {
      const buffer = await this.#allocate(name, plan.groups * groupBytes(plan.type, columns));
      parts.push({ ...plan, buffer });
    }
    let firstGroup = 0;
    for (const { ordered, type, groups } of sections) {
      await this.#loadRows(ordered, type, columns, parts, firstGroup);
      firstGroup += groups;
    }
    return { columns, parts };
  }

  async #loadRows(
    ordered: OrderedTensor,
    type: TensorTypeName,
    columns: number,
    parts: readonly MatrixPart[],
    firstGroup: number,
  ): Promise<void> {
    for await (const { first, bytes } of this.#reader.rows(ordered, fileRowBytes(type, columns), LOAD_CHUNK_BYTES)) {
      const words = repackRows(type, columns, bytes);
      this.#writeGroups(parts, groupBytes(type, columns), firstGroup + first / GROUP_ROWS, words);
      await this.#drain(words.byteLength);
    }
  }

  #writeGroups(
    parts: readonly MatrixPart[],
    bytesPerGroup: number,
    firstGroup: number,
    words: Uint32Array<ArrayBuffer>,
  ): void {
    const end = firstGroup + words.byteLength / bytesPerGroup;
    for (const part of parts) {
      const from = Math.max(firstGroup, part.firstGroup);
      const to = Math.min(end, part.firstGroup + part.groups);
      if (from >= to) continue;
      const offset = (from - part.firstGroup) * bytesPerGroup;
      const first = ((from - firstGroup) * bytesPerGroup) / 4;
      const count = ((to - from) * bytesPerGroup) / 4;
      this.#gpu.device.queue.writeBuffer(part.buffer, offset, words, first, count);
    }
  }

  /** Waits, now and then, until the device has taken what was written: it lies in staging memory until then. */
  async #drain(bytes: number): Promise<void> {
    this.#stagedBytes += bytes;
    if (this.#stagedBytes < LOAD_STAGED_BYTES) return;
    this.#stagedBytes = 0;
    this.#gpu.device.queue.submit([]);
    await this.#gpu.device.queue.onSubmittedWorkDone();
  }

  async #allocate(label: string, sizeBytes: number): Promise<GPUBuffer> {
    const { device } = this.#gpu;
    device.pushErrorScope('out-of-memory');
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ label, size: sizeBytes, usage });
    this.#buffers.push(buffer);
    if (await device.popErrorScope()) throw outOfMemory(`${sizeBytes} bytes for tensor ${label}`);
    return buffer;
  }
}

export function outOfMemory(what: string): ShoalError {
  return new ShoalError('out-of-memory', `The GPU has no room for ${what}. Load fewer shards, or close other pages.`);
}

/** Runs of one type, cut where a buffer would exceed `maxBytes`. */
export function planParts(
  sections: readonly { readonly type: TensorTypeName; readonly groups: number }[],
  columns: number,
  maxBytes: number,
): Omit<MatrixPart, 'buffer'>[] {
  const parts: { type: TensorTypeName; groups: number; firstGroup: number }[] = [];
  let firstGroup = 0;
  for (const { type, groups } of sections) {
    const capacity = groupsPerBuffer(type, columns, maxBytes);
    for (let left = groups; left > 0; ) {
      let part = parts.at(-1);
      if (part?.type !== type || part.groups === capacity) {
        part = { type, groups: 0, firstGroup };
        parts.push(part);
      }
      const taken = Math.min(left, capacity - part.groups);
      part.groups += taken;
      firstGroup += taken;
      left -= taken;
    }
  }
  return parts;
}
