import { PAGE_TOKENS, pageBytes } from '../../src/blocks/kv-layout.ts';
import { rowGroups } from '../../src/blocks/row-groups.ts';
import { TENSOR_TYPE_NAMES, TENSOR_TYPES, type TensorTypeName } from '../../src/gguf/tensor-types.ts';
import { type Activation, createActivation } from '../../src/gpu/activation.ts';
import type { GpuContext, Op } from '../../src/gpu/context.ts';
import { createAttention } from '../../src/gpu/ops/attention.ts';
import { createGate } from '../../src/gpu/ops/gate.ts';
import { createMultiply } from '../../src/gpu/ops/multiply.ts';
import { createRmsNorm } from '../../src/gpu/ops/rms-norm.ts';
import { createRopeKv } from '../../src/gpu/ops/rope-kv.ts';
import { createSelect } from '../../src/gpu/ops/select.ts';
import { pageTable } from '../../src/gpu/page-table.ts';
import { groupBytes } from '../../src/gpu/repack.ts';
import { RESULT_WORDS } from '../../src/gpu/result-layout.ts';
import type { TaskBuffer, TaskParameters } from '../../src/gpu/task-buffer.ts';

/** One kernel at one shape. */
export interface KernelCase {
  readonly name: string;
  readonly shape: string;
  /** Bytes that must be read, and multiplications with an addition that must be done. */
  readonly bytes: number;
  readonly macs: number;
  encode(encoder: GPUComputePassEncoder): void;
}

/** SmolLM2-135M, the default model. */
const C = 576;
const F = 1536;
const V = 49_152;
const heads = { headCount: 9, kvHeadCount: 3, headSize: 64 };
const MATRICES: readonly (readonly [name: string, rows: number, columns: number])[] = [
  ['qkv', 960, C],
  ['attention output', C, C],
  ['gate and up', 2 * F, C],
  ['down', C, F],
];
/** Of a model of eight billion weights: what a shard of a large model multiplies with. */
const LARGE_MATRICES: readonly (readonly [name: string, rows: number, columns: number])[] = [
  ['large square', 4096, 4096],
  ['large gate and up', 28_672, 4096],
  ['large down', 4096, 14_336],
];
const MAX_TOKENS = 32;
/** Positions of a task on hardware at most. */
const PREFILL_TOKENS = 256;
const MAX_POSITIONS = 1024;

/** The default model's kernels, and every tensor type at its largest layer matrix; on hardware a large model's besides. */
export async function kernelCases(context: GpuContext, tasks: TaskBuffer<never>): Promise<KernelCase[]> {
  const cases = new KernelCases(context, tasks);
  for (const tokens of [1, 8, MAX_TOKENS]) {
    for (const [name, rows, columns] of MATRICES) await cases.addMatrix(name, 'Q4_1', rows, columns, tokens);
  }
  await cases.addMatrix('output matrix', 'Q8_0', V, C, 1);
  for (const type of TENSOR_TYPE_NAMES) {
    const { blockSize } = TENSOR_TYPES[type];
    const columns = Math.ceil(C / blockSize) * blockSize;
    for (const tokens of [1, 8]) await cases.addMatrix('gate and up', type, 2 * F, columns, tokens);
  }
  for (const [tokens, position] of [
    [1, 63],
    [1, 511],
    [MAX_TOKENS, 480],
  ] as const)
    await cases.addAttention(tokens, position);
  for (const tokens of [1, MAX_TOKENS]) await cases.addSmall(tokens);
  for (const count of [1, 40]) await cases.addSelect(count);
  // A software adapter takes minutes for these.
  if (!context.gpu.software) await addLarge(cases);
  return cases.list;
}

async function addLarge(cases: KernelCases): Promise<void> {
  for (const tokens of [1, 8, PREFILL_TOKENS]) {
    for (const [name, rows, columns] of LARGE_MATRICES) await cases.addMatrix(name, 'Q4_0', rows, columns, tokens);
  }
  for (const type of TENSOR_TYPE_NAMES) await cases.addMatrix('large square', type, 4096, 4096, 1);
}

class KernelCases {
  readonly list: KernelCase[] = [];
  readonly #context: GpuContext;
  readonly #tasks: TaskBuffer<never>;

  constructor(context: GpuContext, tasks: TaskBuffer<never>) {
    this.#context = context;
    this.#tasks = tasks;
  }

  async addMatrix(name: string, type: TensorTypeName, rows: number, columns: number, tokens: number): Promise<void> {
    const groups = rowGroups(rows);
    const bytes = groups * groupBytes(type, columns);
    const matrix = { columns, parts: [{ type, buffer: this.#buffer(bytes), groups, firstGroup: 0 }] };
    const [x, y] = [this.#activation(tokens, columns), this.#activation(tokens, rows)];
    const op = await createMultiply(this.#context, { matrix, x, y, add: false });
    this.#add(`${name} ${type}`, `[${rows}, ${columns}] T=${tokens}`, bytes, rows * columns * tokens, op, { tokens });
  }

  async addAttention(tokens: number, position: number): Promise<void> {
    const { headCount, kvHeadCount, headSize } = heads;
    const pages = MAX_POSITIONS / PAGE_TOKENS;
    const op = await createAttention(this.#context, {
      heads,
      sight: { window: 0, cap: 0 },
      qkv: this.#activation(tokens, (headCount + 2 * kvHeadCount) * headSize),
      cache: this.#buffer(pages * pageBytes(kvHeadCount, headSize)),
      pages: this.#pageTable({ tokens, position, pages }),
      y: this.#activation(tokens, headCount * headSize),
      sinks: undefined,
    });
    const bytes = 2 * (position + tokens) * kvHeadCount * headSize * 4;
    const macs = 2 * tokens * (position + tokens / 2) * headCount * headSize;
    this.#add('attention', `T=${tokens} S=${position + tokens}`, bytes, macs, op, { tokens });
  }

  async addSmall(tokens: number): Promise<void> {
    const { headCount, kvHeadCount, headSize } = heads;
    const x = this.#activation(tokens, C);
    const norm = { weights: this.#buffer(x.stride * 16), x, y: this.#activation(tokens, C), epsilon: 1e-5, add: false };
    this.#add('RMS norm', `T=${tokens}`, tokens * C * 4, tokens * C, await createRmsNorm(this.#context, norm), {
      tokens,
    });
    const gate = { x: this.#activation(tokens, 2 * F), y: this.#activation(tokens, F), activation: 'silu' } as const;
    this.#add('SwiGLU', `T=${tokens}`, tokens * F * 8, tokens * F, await createGate(this.#context, gate), {
      tokens,
    });
    const qkv = this.#activation(tokens, (headCount + 2 * kvHeadCount) * headSize);
    const rope = await createRopeKv(this.#context, {
      heads,
      angles: this.#buffer(tokens * headSize * 4),
      ...{ angleStride: headSize, angleOffset: 0, scale: 1 / Math.sqrt(headSize) },
      pages: this.#pageTable({ tokens, position: 0, pages: 1 }),
      qkv,
      cache: this.#buffer(pageBytes(kvHeadCount, headSize)),
    });
    this.#add('RoPE and KV', `T=${tokens}`, tokens * qkv.width * 4, tokens * qkv.width, rope, { tokens });
  }

  async addSelect(count: number): Promise<void> {
    const op = await createSelect(this.#context, {
      logits: this.#activation(1, V),
      rows: 1,
      mask: this.#buffer(V / 8),
      wanted: this.#buffer(16),
      results: this.#buffer(RESULT_WORDS * 4),
    });
    const request = { tokens: 1, result: 0, count, wantedIds: new Uint32Array() };
    this.list.push({
      name: 'candidates',
      shape: `V=${V} K=${count}`,
      bytes: V * 4,
      macs: V,
      encode: (encoder) => op(encoder, (task) => this.#tasks.addTask(task), request),
    });
  }

  #add(
    name: string,
    shape: string,
    bytes: number,
    macs: number,
    op: Op,
    task: TaskParameters & { tokens: number },
  ): void {
    const encode = (encoder: GPUComputePassEncoder) =>
      op({ encoder, taskOffset: this.#tasks.addTask(task) }, task.tokens);
    this.list.push({ name, shape, bytes, macs, encode });
  }

  #activation(rows: number, width: number): Activation {
    const activation = createActivation(this.#context.gpu.device, 'bench', rows, width);
    const values = Float32Array.from({ length: activation.buffer.size / 4 }, (_, index) => Math.sin(index));
    this.#context.gpu.device.queue.writeBuffer(activation.buffer, 0, values);
    return activation;
  }

  #buffer(size: number): GPUBuffer {
    return this.#context.gpu.device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
  }

  #pageTable({ tokens, position, pages }: { tokens: number; position: number; pages: number }): GPUBuffer {
    const table = pageTable([{ tokens, position, pages: Array.from({ length: pages }, (_, index) => index) }]);
    const buffer = this.#buffer(table.byteLength);
    this.#context.gpu.device.queue.writeBuffer(buffer, 0, table);
    return buffer;
  }
}
