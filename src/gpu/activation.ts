import { paddedWidth } from '../blocks/row-groups.ts';

/** Rows of f32 on the device. A row is filled up to whole blocks with zeros that nobody overwrites. */
export interface Activation {
  readonly buffer: GPUBuffer;
  /** Elements of a row that count. */
  readonly width: number;
  /** vec4s from row to row. */
  readonly stride: number;
}

/** vec4s of a row of `width` elements. */
export function strideOf(width: number): number {
  return paddedWidth(width) / 4;
}

/** Zeroed rows, `[rows, width]`. */
export function createActivation(device: GPUDevice, label: string, rows: number, width: number): Activation {
  const stride = strideOf(width);
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  return { buffer: device.createBuffer({ label, size: rows * stride * 16, usage }), width, stride };
}
