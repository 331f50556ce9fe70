import { TENSOR_TYPES, type TensorTypeName } from '../gguf/tensor-types.ts';

/** Rows of a weight matrix that lie side by side on every device, so that one load serves all of them. */
export const GROUP_ROWS = 4;
/** Elements of a block on every device, for every type; rows are filled up with zeros to whole blocks. */
export const BLOCK_ELEMENTS = 32;

/** Groups of four rows that hold `rows` rows. */
export function rowGroups(rows: number): number {
  return Math.ceil(rows / GROUP_ROWS);
}

/** Blocks of a row of `columns` elements. */
export function rowBlocks(columns: number): number {
  return Math.ceil(columns / BLOCK_ELEMENTS);
}

/** Elements of a row of `columns` elements once it is filled up. */
export function paddedWidth(columns: number): number {
  return rowBlocks(columns) * BLOCK_ELEMENTS;
}

/** Bytes of a row of `columns` elements in a file. */
export function fileRowBytes(type: TensorTypeName, columns: number): number {
  const { blockSize, blockBytes } = TENSOR_TYPES[type];
  return (columns / blockSize) * blockBytes;
}
