// From a file's rows to the device's. A block is 32 elements; the device packs tile j of it, its elements 4j … 4j+3
// (near) and 16+4j … 16+4j+3 (far), side by side. All loops are plain: a call an element would cost more than the copy.

/** Elements of a superblock, in blocks of 32. */
const SUPERBLOCK = 256;
const BLOCKS = SUPERBLOCK / 32;

/** Bytes of a block of 32 elements on the device. */
export interface RowPlanes {
  /** Its share of its row's scales, which are filled up to whole words. */
  readonly scaleBytes: number;
  readonly quantBytes: number;
}

/** Moves one row. @param planeBytes - of the scales, before the quants */
export type ArrangeRow = (row: Uint8Array, out: Uint8Array, planeBytes: number) => void;

/** As in the file: types without scales. */
export const copyRow: ArrangeRow = (row, out) => out.set(row);

/** Blocks of scales, then quants, which are packed in the file as on the device. */
export function separateBlocks({ scaleBytes, quantBytes }: RowPlanes): ArrangeRow {
  return (row, out, planeBytes) => {
    let from = 0;
    let scale = 0;
    let quant = planeBytes;
    while (from < row.length) {
      for (let index = 0; index < scaleBytes; index++) out[scale++] = row[from++]!;
      for (let index = 0; index < quantBytes; index++) out[quant++] = row[from++]!;
    }
  };
}

/** Q5_0, Q5_1: scales of `scaleBytes`, 32 fifth bits, 16 bytes of nibbles. */
export function separateFiveBits(scaleBytes: number): ArrangeRow {
  return (row, out, planeBytes) => {
    let from = 0;
    let scale = 0;
    let quant = planeBytes;
    while (from < row.length) {
      for (let index = 0; index < scaleBytes; index++) out[scale++] = row[from++]!;
      const near = row[from]! | (row[from + 1]! << 8);
      const far = row[from + 2]! | (row[from + 3]! << 8);
      from += 4;
      for (let index = 0; index < 16; index++) out[quant++] = row[from++]!;
      for (let tile = 0; tile < 4; tile++)
        out[quant++] = ((near >> (4 * tile)) & 15) | (((far >> (4 * tile)) & 15) << 4);
    }
  };
}

/** What moves the superblock at `from`, the `index`th of `count` in a row. */
type ArrangeSuperblock = (
  row: Uint8Array,
  from: number,
  out: Uint8Array,
  index: number,
  count: number,
  planeBytes: number,
) => void;

function superblocks(blockBytes: number, arrange: ArrangeSuperblock): ArrangeRow {
  return (row, out, planeBytes) => {
    const count = row.length / blockBytes;
    for (let index = 0; index < count; index++) arrange(row, index * blockBytes, out, index, count, planeBytes);
  };
}

/** Q2_K: 16 bytes of scales and minima, 64 of quants, d and d_min. */
export const arrangeQ2K = superblocks(84, (row, from, out, index, _, planeBytes) => {
  copy(row, from, out, 20 * index, 16);
  copy(row, from + 80, out, 20 * index + 16, 4);
  for (let block = 0; block < BLOCKS; block++) {
    const to = planeBytes + 8 * (BLOCKS * index + block);
    packCrumbs(row, from + 16 + 32 * (block >> 2), 2 * (block & 3), out, to);
  }
});

/** Q3_K: 32 bytes of third bits, 64 of low ones, 16 scales of 6 bits, d. */
export const arrangeQ3K = superblocks(110, (row, from, out, index, count, planeBytes) => {
  for (let scale = 0; scale < 16; scale++) {
    const low = (row[from + 96 + (scale & 7)]! >> (4 * (scale >> 3))) & 15;
    const high = (row[from + 104 + (scale & 3)]! >> (2 * (scale >> 2))) & 3;
    out[16 * index + scale] = (low | (high << 4)) - 32;
  }
  copy(row, from + 108, out, 16 * count + 2 * index, 2);
  for (let block = 0; block < BLOCKS; block++) {
    const to = planeBytes + 12 * (BLOCKS * index + block);
    packCrumbs(row, from + 32 + 32 * (block >> 2), 2 * (block & 3), out, to);
    packBits(row, from, block, out, to + 8);
  }
});

/** Q4_K: d and d_min, scales and minima of 6 bits, 128 bytes of nibbles. */
export const arrangeQ4K = superblocks(144, (row, from, out, index, _, planeBytes) => {
  arrangeKScales(row, from, out, 20 * index);
  for (let block = 0; block < BLOCKS; block++) {
    const to = planeBytes + 16 * (BLOCKS * index + block);
    packNibbles(row, from + 16 + 32 * (block >> 1), 4 * (block & 1), out, to);
  }
});

/** Q5_K: as Q4_K with 32 bytes of fifth bits before the nibbles. */
export const arrangeQ5K = superblocks(176, (row, from, out, index, _, planeBytes) => {
  arrangeKScales(row, from, out, 20 * index);
  for (let block = 0; block < BLOCKS; block++) {
    const to = planeBytes + 20 * (BLOCKS * index + block);
    packNibbles(row, from + 48 + 32 * (block >> 1), 4 * (block & 1), out, to);
    packBits(row, from + 16, block, out, to + 16);
  }
});

/** Q6_K: 128 bytes of low nibbles, 64 of high bits, 16 signed scales, d. */
export const arrangeQ6K = superblocks(210, (row, from, out, index, count, planeBytes) => {
  copy(row, from + 192, out, 16 * index, 16);
  copy(row, from + 208, out, 16 * count + 2 * index, 2);
  for (let block = 0; block < BLOCKS; block++) {
    const to = planeBytes + 24 * (BLOCKS * index + block);
    const half = block >> 2;
    packNibbles(row, from + 64 * half + 32 * (block & 1), 4 * ((block >> 1) & 1), out, to);
    packCrumbs(row, from + 128 + 32 * half, 2 * (block & 3), out, to + 16);
  }
});

/** IQ4_XS: d, scales of 6 bits, 128 bytes of nibbles, which are packed as on the device. */
export const arrangeIQ4XS = superblocks(136, (row, from, out, index, count, planeBytes) => {
  const high = row[from + 2]! | (row[from + 3]! << 8);
  for (let block = 0; block < BLOCKS; block++) {
    const low = (row[from + 4 + (block >> 1)]! >> (4 * (block & 1))) & 15;
    out[8 * index + block] = (low | (((high >> (2 * block)) & 3) << 4)) - 32;
  }
  copy(row, from, out, 8 * count + 2 * index, 2);
  copy(row, from + 8, out, planeBytes + 128 * index, 128);
});

/** d and d_min, then eight scales and eight minima, a byte each. The high bits of the last four sit in the first four. */
function arrangeKScales(row: Uint8Array, from: number, out: Uint8Array, to: number): void {
  copy(row, from, out, to, 4);
  for (let block = 0; block < 4; block++) {
    const [first, second, both] = [row[from + 4 + block]!, row[from + 8 + block]!, row[from + 12 + block]!];
    out[to + 4 + block] = first & 63;
    out[to + 8 + block] = (both & 15) | ((first >> 6) << 4);
    out[to + 12 + block] = second & 63;
    out[to + 16 + block] = (both >> 4) | ((second >> 6) << 4);
  }
}

function copy(row: Uint8Array, from: number, out: Uint8Array, to: number, bytes: number): void {
  for (let index = 0; index < bytes; index++) out[to + index] = row[from + index]!;
}

/** 32 nibbles, one a byte from `from` on at bit `shift`: 16 bytes, near ones low and far ones high. */
function packNibbles(row: Uint8Array, from: number, shift: number, out: Uint8Array, to: number): void {
  for (let index = 0; index < 16; index++)
    out[to + index] = ((row[from + index]! >> shift) & 15) | (((row[from + 16 + index]! >> shift) & 15) << 4);
}

/** 32 pairs of bits: 2 bytes a tile, near ones first. */
function packCrumbs(row: Uint8Array, from: number, shift: number, out: Uint8Array, to: number): void {
  for (let tile = 0; tile < 4; tile++) {
    let [near, far] = [0, 0];
    for (let index = 0; index < 4; index++) {
      near |= ((row[from + 4 * tile + index]! >> shift) & 3) << (2 * index);
      far |= ((row[from + 16 + 4 * tile + index]! >> shift) & 3) << (2 * index);
    }
    out[to + 2 * tile] = near;
    out[to + 2 * tile + 1] = far;
  }
}

/** 32 bits: a byte a tile, near ones first. */
function packBits(row: Uint8Array, from: number, shift: number, out: Uint8Array, to: number): void {
  for (let tile = 0; tile < 4; tile++) {
    let bits = 0;
    for (let index = 0; index < 4; index++) {
      bits |= ((row[from + 4 * tile + index]! >> shift) & 1) << index;
      bits |= ((row[from + 16 + 4 * tile + index]! >> shift) & 1) << (4 + index);
    }
    out[to + tile] = bits;
  }
}
