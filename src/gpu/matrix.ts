import { GROUP_ROWS, rowBlocks } from '../blocks/row-groups.ts';
import type { TensorTypeName } from '../gguf/tensor-types.ts';
import { scalePlaneBytes } from './formats.ts';
import { groupBytes } from './repack.ts';

/** Consecutive rows of a weight matrix in one buffer; a matrix has several where one binding cannot cover it. */
export interface MatrixPart {
  readonly type: TensorTypeName;
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

/** How many groups one buffer of `maxBytes` holds. */
export function groupsPerBuffer(type: TensorTypeName, columns: number, maxBytes: number): number {
  return Math.floor(maxBytes / groupBytes(type, columns));
}

/** How a kernel uses a matrix: strides in vec4s, 0 for what it does not have. */
export interface MatrixUse {
  readonly xStride: number;
  readonly yStride: number;
  readonly add: boolean;
}

/** Bytes of a vec4 of words or floats. */
const VECTOR_BYTES = 16;

/** A part's sizes as kernels/blocks/matrix.wgsl reads them (`Matrix`). */
export function createMatrixUniform(
  device: GPUDevice,
  { columns }: DeviceMatrix,
  { type, groups, firstGroup }: MatrixPart,
  { xStride, yStride, add }: MatrixUse,
): GPUBuffer {
  const scaleVectors = (scalePlaneBytes(type, columns) * GROUP_ROWS) / VECTOR_BYTES;
  const groupVectors = groupBytes(type, columns) / VECTOR_BYTES;
  const words = [rowBlocks(columns), groups, firstGroup, scaleVectors, groupVectors, xStride, yStride, Number(add)];
  const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
  const buffer = device.createBuffer({ label: 'matrix', size: words.length * 4, usage });
  device.queue.writeBuffer(buffer, 0, Uint32Array.from(words));
  return buffer;
}
