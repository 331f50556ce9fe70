import { fileRowBytes, GROUP_ROWS, rowGroups } from '../../src/blocks/row-groups.ts';
import { dequantize } from '../../src/gguf/dequantize.ts';
import { TENSOR_TYPES, type TensorTypeName } from '../../src/gguf/tensor-types.ts';
import type { DeviceMatrix } from '../../src/gpu/matrix.ts';
import { repackRows } from '../../src/gpu/repack.ts';
import { quantize } from '../fixtures/quantize.ts';
import { type KernelHarness, randomValues } from './harness.ts';

export const ALL_TYPES = Object.keys(TENSOR_TYPES) as readonly TensorTypeName[];

/** A seeded matrix on the device and its dequantised values. */
export interface TestMatrix {
  readonly matrix: DeviceMatrix;
  /** `[rows, columns]` */
  readonly values: Float32Array;
}

/** @param partRows - rows of each part; a multiple of 4 but for the last, as a large matrix is split */
export function testMatrix(
  harness: KernelHarness,
  type: TensorTypeName,
  rows: number,
  columns: number,
  partRows = rows,
): TestMatrix {
  const bytes = quantize(type, randomValues(rows + columns, rows * columns));
  const rowBytes = fileRowBytes(type, columns);
  const parts = Array.from({ length: Math.ceil(rows / partRows) }, (_, index) => {
    const part = bytes.subarray(index * partRows * rowBytes, (index + 1) * partRows * rowBytes);
    return {
      type,
      buffer: harness.upload(repackRows(type, columns, part)),
      groups: rowGroups(part.length / rowBytes),
      firstGroup: (index * partRows) / GROUP_ROWS,
    };
  });
  return { matrix: { columns, parts }, values: dequantize(type, bytes) };
}

/** Row lengths that a type allows: whole blocks for the quantised ones, odd ones for the others. */
export function columnsFor(type: TensorTypeName): number[] {
  const { blockSize } = TENSOR_TYPES[type];
  if (blockSize === 1) return [20, 37, 96];
  return blockSize === 32 ? [32, 96, 160] : [256, 512];
}
