import { PAGE_TOKENS } from '../../blocks/kv-layout.ts';
import { paddedWidth } from '../../blocks/row-groups.ts';
import type { CpuMemory } from '../../cpu/memory.ts';
import type { Angles } from '../../cpu/places.ts';
import { allocateQuants, allocateRows, type Quants, type Rows, TOKEN_SCRATCH_BYTES } from '../../cpu/rows.ts';
import { modelHeads, modelLayers, modelRotations } from '../../model/architectures.ts';
import { everySlot, type Slot, slotWidth, widestHead } from '../../model/graph.ts';
import type { Hyperparameters } from '../../model/hyperparameters.ts';
import { MAX_BATCH_TASKS } from '../layer-runner.ts';
import { CPU_TASK_TOKENS, LOGIT_ROWS } from '../limits.ts';

/**
 * How weights in blocks are multiplied: `i16` with activations rounded to blocks of 16-bit numbers, `exact` with f32. A
 * rounded value differs by at most 1/65,534 of the greatest of its block of 32.
 */
export type CpuPrecision = 'i16' | 'exact';

/** The memory that every task of a CPU runner uses, one task at a time. T is `CPU_TASK_TOKENS`. */
export interface CpuWorkspace {
  /** `[T, …]` each. */
  readonly slots: Readonly<Record<Slot, Rows>>;
  /** `[LOGIT_ROWS, V]` */
  readonly logits: Rows;
  /** `[LOGIT_ROWS, 2]` floats */
  readonly summaries: number;
  /** What is multiplied next, rounded; absent when nothing is. */
  readonly quants: Quants | undefined;
  /** `[T]` u32 */
  readonly ids: number;
  /** `[T, rotations, D/2, 2]` floats, D of the widest head */
  readonly angles: Angles;
  /** Of one rotation in a row of angles. */
  readonly rotationBytes: number;
  /** `[L, MAX_BATCH_TASKS, S / PAGE_TOKENS]` u32 addresses */
  readonly pages: number;
  /** Page addresses of a session in a layer at most. */
  readonly maxPages: number;
}

export function createCpuWorkspace(memory: CpuMemory, model: Hyperparameters, precision: CpuPrecision): CpuWorkspace {
  const { vocabularySize, contextLength, layerCount } = model;
  const layers = modelLayers(model);
  const rotationBytes = widestHead(modelHeads(model)) * 4;
  const angleStride = modelRotations(model).length * rotationBytes;
  const tokens = CPU_TASK_TOKENS;
  const maxPages = Math.ceil(contextLength / PAGE_TOKENS);
  return {
    slots: everySlot((slot) => allocateRows(memory, tokens, slotWidth(slot, model, layers))),
    logits: allocateRows(memory, LOGIT_ROWS, vocabularySize),
    summaries: memory.allocate(LOGIT_ROWS * 8),
    quants: precision === 'i16' ? allocateQuants(memory, tokens, widest(model)) : undefined,
    ids: memory.allocate(tokens * 4),
    angles: { address: memory.allocate(tokens * angleStride), stride: angleStride },
    rotationBytes,
    pages: memory.allocate(layerCount * MAX_BATCH_TASKS * maxPages * 4),
    maxPages,
  };
}

/** Bytes that an operation needs of its own: four unpacked rows, sums of four rows for each token, or the scores of a page. */
export function scratchBytes(model: Hyperparameters): number {
  return Math.max(4 * paddedWidth(widest(model)) * 4, CPU_TASK_TOKENS * TOKEN_SCRATCH_BYTES);
}

/** Elements of the longest row that is multiplied. */
function widest(model: Hyperparameters): number {
  const layers = modelLayers(model);
  const multiplied = layers
    .flat()
    .filter((operation) => operation.kind === 'multiply' || operation.kind === 'multiplyChosen');
  return Math.max(model.width, ...multiplied.map(({ from }) => slotWidth(from, model, layers)));
}
