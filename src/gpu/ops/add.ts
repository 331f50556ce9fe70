import { rowGroups } from '../../blocks/row-groups.ts';
import type { Activation } from '../activation.ts';
import { composeShader } from '../compose.ts';
import type { GpuContext, Op } from '../context.ts';
import add from '../kernels/add.wgsl?raw';
import task from '../kernels/blocks/task.wgsl?raw';

/** A vector that is added to a part of each row. */
export interface Bias {
  /** `[width]`, filled up with zeros */
  readonly buffer: GPUBuffer;
  readonly width: number;
}

export interface BiasBuffers {
  /** For one part of a row after the other, each of whole vec4s. */
  readonly biases: readonly Bias[];
  /** `[T, …]` */
  readonly y: Activation;
}

export interface AddBuffers {
  /** `[T, …]`, as wide as y */
  readonly x: Activation;
  readonly y: Activation;
  readonly scale: number;
}

const WORKGROUP = 64;

/** `y[t] += scale · x[t]`. */
export function createAdd(context: GpuContext, { x, y, scale }: AddBuffers): Promise<Op> {
  return createPart(context, { x: x.buffer, xStride: x.stride, width: rowGroups(y.width), offset: 0, scale }, y);
}

/** `y[t,c] += b[c]`. */
export async function createBias(context: GpuContext, { biases, y }: BiasBuffers): Promise<Op> {
  let end = 0;
  const parts = await Promise.all(
    biases.map(({ buffer, width }) => {
      const offset = end;
      end += rowGroups(width);
      return createPart(context, { x: buffer, xStride: 0, width: rowGroups(width), offset, scale: 1 }, y);
    }),
  );
  return (pass, tokens) => {
    for (const part of parts) part(pass, tokens);
  };
}

/** What is added, and where; widths, strides and offset in vec4s. */
interface Part {
  readonly x: GPUBuffer;
  readonly xStride: number;
  readonly width: number;
  readonly offset: number;
  readonly scale: number;
}

async function createPart({ kernels }: GpuContext, part: Part, y: Activation): Promise<Op> {
  const { x, xStride, width, offset, scale } = part;
  const kernel = await kernels.compile({
    name: 'add',
    code: composeShader([task, add]),
    constants: { WIDTH: width, OFFSET: offset, X_STRIDE: xStride, Y_STRIDE: y.stride, SCALE: scale },
  });
  const bound = kernel.bind([x, y.buffer]);
  return (pass, tokens) => bound.dispatch(pass, [Math.ceil(width / WORKGROUP), tokens]);
}
