import { PAGE_TOKENS } from '../../blocks/kv-layout.ts';
import { paddedWidth } from '../../blocks/row-groups.ts';
import type { CpuMemory } from '../../cpu/memory.ts';
import { allocateQuants, allocateRows, type Quants, type Rows, TOKEN_SCRATCH_BYTES } from '../../cpu/rows.ts';
import type { Hyperparameters } from '../../protocol/manifest.ts';
import { MAX_BATCH_TASKS } from '../layer-runner.ts';
import { CPU_TASK_TOKENS, LOGIT_ROWS } from '../limits.ts';

/**
 * How weights in blocks are multiplied: `i16` with activations rounded to blocks of 16-bit numbers, `exact` with f32. A
 * rounded value differs by at most 1/65,534 of the greatest of its block of 32.
 */
export type CpuPrecision = 'i16' | 'exact';

/** The memory that every task of a CPU runner uses, one task at a time. T is `CPU_TASK_TOKENS`. */
export interface CpuWorkspace {
  /** Hidden states, `[T, C]`. */
  readonly hidden: Rows;
  readonly normed: Rows;
  /** `[T, (H + 2K) · D]` */
  readonly qkv: Rows;
  /** `[T, H · D]` */
  readonly attended: Rows;
  /** `[T, 2F]`, gate and up each filled up to a multiple of 4 */
  readonly gateUp: Rows;
  /** `[T, F]` */
  readonly gated: Rows;
  /** `[LOGIT_ROWS, V]` */
  readonly logits: Rows;
  /** `[LOGIT_ROWS, 2]` floats */
  readonly summaries: number;
  /** What is multiplied next, rounded; absent when nothing is. */
  readonly quants: Quants | undefined;
  /** `[T]` u32 */
  readonly ids: number;
  /** `[T, D]` floats */
  readonly angles: number;
  /** `[L, MAX_BATCH_TASKS, S / PAGE_TOKENS]` u32 addresses */
  readonly pages: number;
  /** Page addresses of a session in a layer at most. */
  readonly maxPages: number;
}

export function createCpuWorkspace(memory: CpuMemory, model: Hyperparameters, precision: CpuPrecision): CpuWorkspace {
  const { width, feedForwardWidth, headCount, kvHeadCount, headSize, vocabularySize, contextLength, layerCount } =
    model;
  const tokens = CPU_TASK_TOKENS;
  const rows = (columns: number) => allocateRows(memory, tokens, columns);
  const maxPages = Math.ceil(contextLength / PAGE_TOKENS);
  return {
    hidden: rows(width),
    normed: rows(width),
    qkv: rows((headCount + 2 * kvHeadCount) * headSize),
    attended: rows(headCount * headSize),
    gateUp: rows(2 * Math.ceil(feedForwardWidth / 4) * 4),
    gated: rows(feedForwardWidth),
    logits: allocateRows(memory, LOGIT_ROWS, vocabularySize),
    summaries: memory.allocate(LOGIT_ROWS * 8),
    quants: precision === 'i16' ? allocateQuants(memory, tokens, widest(model)) : undefined,
    ids: memory.allocate(tokens * 4),
    angles: memory.allocate(tokens * headSize * 4),
    pages: memory.allocate(layerCount * MAX_BATCH_TASKS * maxPages * 4),
    maxPages,
  };
}

/** Bytes that an operation needs of its own: four unpacked rows, sums of four rows for each token, or the scores of a page. */
export function scratchBytes(model: Hyperparameters): number {
  return Math.max(4 * paddedWidth(widest(model)) * 4, CPU_TASK_TOKENS * TOKEN_SCRATCH_BYTES);
}

/** Elements of the longest row that is multiplied. */
function widest({ width, feedForwardWidth, headCount, headSize }: Hyperparameters): number {
  return Math.max(width, feedForwardWidth, headCount * headSize);
}
