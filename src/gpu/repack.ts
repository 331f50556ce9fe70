import { fileRowBytes, GROUP_ROWS, rowBlocks } from '../blocks/row-groups.ts';
import type { RunnableType } from '../gguf/tensor-types.ts';

/** How a type's blocks of 32 elements lie in a file and on the device; all sizes in bytes. */
interface BlockLayout {
  /** In the file: the scales (and minimum), then the quants. */
  readonly scaleBytes: number;
  readonly quantBytes: number;
}

const layouts: Readonly<Record<RunnableType, BlockLayout>> = {
  F32: { scaleBytes: 0, quantBytes: 128 },
  F16: { scaleBytes: 0, quantBytes: 64 },
  Q4_0: { scaleBytes: 2, quantBytes: 16 },
  Q4_1: { scaleBytes: 4, quantBytes: 16 },
  Q8_0: { scaleBytes: 2, quantBytes: 32 },
};

/** Bytes of a group of four rows on the device. */
export function groupBytes(type: RunnableType, columns: number): number {
  return GROUP_ROWS * (scalePlaneBytes(type, columns) + rowBlocks(columns) * layouts[type].quantBytes);
}

/** Bytes of one row's scales, filled up to whole words. */
export function scalePlaneBytes(type: RunnableType, columns: number): number {
  return Math.ceil((rowBlocks(columns) * layouts[type].scaleBytes) / 4) * 4;
}

/**
 * Rows of a weight matrix from the file's order into the device's: groups of four rows (the last filled up with zeros),
 * in each the scales, then the quants, every 32-bit word of a row beside the same word of the other three.
 * @param bytes - whole rows, `[rows, columns]`
 */
export function repackRows(type: RunnableType, columns: number, bytes: Uint8Array): Uint32Array<ArrayBuffer> {
  const { scaleBytes, quantBytes } = layouts[type];
  const rowBytes = fileRowBytes(type, columns);
  const rows = bytes.length / rowBytes;
  const planeBytes = scalePlaneBytes(type, columns);
  const groupWords = groupBytes(type, columns) / 4;
  const out = new Uint32Array(Math.ceil(rows / GROUP_ROWS) * groupWords);
  const row = new Uint32Array(groupWords / GROUP_ROWS);
  const rowView = new Uint8Array(row.buffer);
  for (let index = 0; index < rows; index++) {
    const source = bytes.subarray(index * rowBytes, (index + 1) * rowBytes);
    if (scaleBytes === 0) rowView.set(source);
    else separate(source, rowView, planeBytes, scaleBytes, quantBytes);
    const to = Math.floor(index / GROUP_ROWS) * groupWords + (index % GROUP_ROWS);
    for (let word = 0; word < row.length; word++) out[to + word * GROUP_ROWS] = row[word]!;
  }
  return out;
}

/** Scales to the front, quants from `planeBytes` on. Plain loops: a call for each block would cost more than the copy. */
function separate(row: Uint8Array, out: Uint8Array, planeBytes: number, scaleBytes: number, quantBytes: number): void {
  let from = 0;
  let scale = 0;
  let quant = planeBytes;
  while (from < row.length) {
    for (let index = 0; index < scaleBytes; index++) out[scale++] = row[from++]!;
    for (let index = 0; index < quantBytes; index++) out[quant++] = row[from++]!;
  }
}
