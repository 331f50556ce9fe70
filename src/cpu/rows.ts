import { paddedWidth, rowBlocks } from '../blocks/row-groups.ts';
import type { CpuMemory } from './memory.ts';

/**
 * Bytes of a block's quants, as numbers and once more as bytes, and of its scale and sums; `BLOCK_BYTES`,
 * `HIGH_AND_LOW_BYTES` and `SCALE_BYTES` in assembly/quantize.ts.
 */
const [QUANTS_BYTES, SCALES_BYTES] = [64 + 64, 20];
/** Scratch memory of each token that a matrix is multiplied with; `TOKEN_SCRATCH` in assembly/sums.ts. */
export const TOKEN_SCRATCH_BYTES = 32;

/** Activations in memory, `[rows, width]` floats; rows are whole blocks, zeros at the end. */
export interface Rows {
  readonly address: number;
  readonly width: number;
  /** Bytes from row to row. */
  readonly stride: number;
}

/** Room for rows rounded to blocks of 16-bit numbers; assembly/quantize.ts describes it. */
export interface Quants {
  readonly quants: number;
  readonly scales: number;
}

export function allocateRows(memory: CpuMemory, rows: number, width: number): Rows {
  const stride = paddedWidth(width) * 4;
  return { address: memory.allocate(rows * stride), width, stride };
}

/** @param width - of the widest rows */
export function allocateQuants(memory: CpuMemory, rows: number, width: number): Quants {
  const blocks = rows * rowBlocks(width);
  return { quants: memory.allocate(blocks * QUANTS_BYTES), scales: memory.allocate(blocks * SCALES_BYTES) };
}

/** Of rows of `columns` elements, each rounded in a pass of its own. */
export function quantsOfRow({ quants, scales }: Quants, row: number, columns: number): Quants {
  const blocks = row * rowBlocks(columns);
  return { quants: quants + blocks * QUANTS_BYTES, scales: scales + blocks * SCALES_BYTES };
}

/** Rows from `first` on. */
export function rowsFrom(rows: Rows, first: number): Rows {
  return { ...rows, address: rows.address + first * rows.stride };
}
