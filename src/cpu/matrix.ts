import { type RunnableType, TENSOR_TYPES } from '../gguf/tensor-types.ts';

/** Rows of a group, which the kernels take at once. */
export const GROUP_ROWS = 4;

/** How matrices lie in memory; the numbers of assembly/formats.ts, which describes them. */
export const FORMATS = { F32: 0, F16: 1, Q4: 2, Q8: 3 } as const;
export type Format = keyof typeof FORMATS;

const formats: Readonly<Record<RunnableType, Format>> = { F32: 'F32', F16: 'F16', Q4_0: 'Q4', Q4_1: 'Q4', Q8_0: 'Q8' };

/** A weight matrix in memory, `[rows, columns]`. */
export interface CpuMatrix {
  readonly format: Format;
  readonly address: number;
  readonly rows: number;
  readonly columns: number;
}

export function formatOf(type: RunnableType): Format {
  return formats[type];
}

/** Groups of four rows that hold `rows` rows. */
export function rowGroups(rows: number): number {
  return Math.ceil(rows / GROUP_ROWS);
}

/** Bytes of a row of `columns` elements in a file. */
export function fileRowBytes(type: RunnableType, columns: number): number {
  const { blockSize, blockBytes } = TENSOR_TYPES[type];
  return (columns / blockSize) * blockBytes;
}
