import { fileRowBytes, GROUP_ROWS, rowGroups } from '../../src/blocks/row-groups.ts';
import { dequantize } from '../../src/gguf/dequantize.ts';
import type { TensorTypeName } from '../../src/gguf/tensor-types.ts';
import type { DeviceMatrix } from '../../src/gpu/matrix.ts';
import { repackRows } from '../../src/gpu/repack.ts';
import { quantize } from '../fixtures/quantize.ts';
import { type KernelHarness, randomValues } from './harness.ts';

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
