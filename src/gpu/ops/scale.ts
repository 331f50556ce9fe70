import { rowGroups } from '../../blocks/row-groups.ts';
import type { Activation } from '../activation.ts';
import { composeShader } from '../compose.ts';
import type { GpuContext, Op } from '../context.ts';
import tanh from '../kernels/blocks/tanh.wgsl?raw';
import task from '../kernels/blocks/task.wgsl?raw';
import scale from '../kernels/scale.wgsl?raw';
import scaleBy from '../kernels/scale-by.wgsl?raw';

export interface ScaleBuffers {
  /** `[T, …]`, changed in place */
  readonly y: Activation;
  readonly factor: number;
  /** 0 for none. */
  readonly cap: number;
}

export interface ScaleByBuffers {
  /** `[T, …]`, changed in place */
  readonly y: Activation;
  /** `[1]` */
  readonly factor: GPUBuffer;
}

const WORKGROUP = 64;

/** `y[t] *= factor`, then capped to `cap · tanh(y / cap)`. */
export async function createScale({ kernels }: GpuContext, { y, factor, cap }: ScaleBuffers): Promise<Op> {
  const width = rowGroups(y.width);
  const kernel = await kernels.compile({
    name: 'scale',
    code: composeShader([task, tanh, scale]),
    constants: { WIDTH: width, STRIDE: y.stride, FACTOR: factor, CAP: cap },
  });
  const bound = kernel.bind([y.buffer]);
  return (pass, tokens) => bound.dispatch(pass, [Math.ceil(width / WORKGROUP), tokens]);
}

/** `y[t] *= factor[0]`. */
export async function createScaleBy({ kernels }: GpuContext, { y, factor }: ScaleByBuffers): Promise<Op> {
  const width = rowGroups(y.width);
  const kernel = await kernels.compile({
    name: 'scale by a weight',
    code: composeShader([task, scaleBy]),
    constants: { WIDTH: width, STRIDE: y.stride },
  });
  const bound = kernel.bind([factor, y.buffer]);
  return (pass, tokens) => bound.dispatch(pass, [Math.ceil(width / WORKGROUP), tokens]);
}
