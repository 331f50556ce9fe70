import { fileRowBytes, GROUP_ROWS } from '../blocks/row-groups.ts';
import type { TensorTypeName } from '../gguf/tensor-types.ts';
import { GPU_FORMATS, rowPlaneBytes, scalePlaneBytes } from './formats.ts';

/** Bytes of a group of four rows on the device. */
export function groupBytes(type: TensorTypeName, columns: number): number {
  return GROUP_ROWS * rowPlaneBytes(type, columns);
}

/**
 * Rows of a weight matrix from the file's order into the device's: groups of four rows (the last filled up with zeros),
 * in each the scales, then the quants, every 32-bit word of a row beside the same word of the other three.
 * @param bytes - whole rows, `[rows, columns]`
 */
export function repackRows(type: TensorTypeName, columns: number, bytes: Uint8Array): Uint32Array<ArrayBuffer> {
  const { arrange } = GPU_FORMATS[type];
  const rowBytes = fileRowBytes(type, columns);
  const rows = bytes.length / rowBytes;
  const planeBytes = scalePlaneBytes(type, columns);
  const groupWords = groupBytes(type, columns) / 4;
  const out = new Uint32Array(Math.ceil(rows / GROUP_ROWS) * groupWords);
  const row = new Uint32Array(groupWords / GROUP_ROWS);
  const rowView = new Uint8Array(row.buffer);
  for (let index = 0; index < rows; index++) {
    arrange(bytes.subarray(index * rowBytes, (index + 1) * rowBytes), rowView, planeBytes);
    const to = Math.floor(index / GROUP_ROWS) * groupWords + (index % GROUP_ROWS);
    for (let word = 0; word < row.length; word++) out[to + word * GROUP_ROWS] = row[word]!;
  }
  return out;
}
