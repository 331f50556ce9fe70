import type { RunnableType } from '../gguf/tensor-types.ts';
import { GROUP_ROWS, groupBytes, rowBlocks } from './repack.ts';

/** Consecutive rows of a weight matrix in one buffer; a matrix has several where one binding cannot cover it. */
export interface MatrixPart {
  readonly type: RunnableType;
  readonly buffer: GPUBuffer;
  /** Groups of four rows in the buffer. */
  readonly groups: number;
  /** Groups of the matrix before this part. */
  readonly firstGroup: number;
}

/** A weight matrix on the device: `[4 · groups, columns]`, row major, in groups of four rows. */
export interface DeviceMatrix {
  readonly columns: number;
  readonly parts: readonly MatrixPart[];
}

/** Groups of four rows that hold `rows` rows. */
export function rowGroups(rows: number): number {
  return Math.ceil(rows / GROUP_ROWS);
}

/** The values of a part's `override`s in kernels/blocks. */
export function partConstants({ columns }: DeviceMatrix, { groups }: MatrixPart): Record<string, number> {
  return { BLOCKS: rowBlocks(columns), GROUPS: groups };
}

/** How many groups one buffer of `maxBytes` holds. */
export function groupsPerBuffer(type: RunnableType, columns: number, maxBytes: number): number {
  return Math.floor(maxBytes / groupBytes(type, columns));
}
