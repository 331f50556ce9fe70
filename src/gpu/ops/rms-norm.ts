import type { Activation } from '../activation.ts';
import { composeShader } from '../compose.ts';
import type { GpuContext, Op } from '../context.ts';
import task from '../kernels/blocks/task.wgsl?raw';
import treeSum from '../kernels/blocks/tree-sum.wgsl?raw';
import rmsNorm from '../kernels/rms-norm.wgsl?raw';

export interface RmsNormBuffers {
  /** `[C]`, f32, filled up as a row of x */
  readonly weights: GPUBuffer;
  /** `[first + T, C]`; rows from the task's `first` on are read */
  readonly x: Activation;
  /** `[T, C]` */
  readonly y: Activation;
  readonly epsilon: number;
  /** Whether the result is added to y. */
  readonly add: boolean;
}

/** `y[t,c] = x[t,c] / sqrt(mean_c(x²) + epsilon) · w[c]`, or that added to y. */
export async function createRmsNorm(
  { kernels, tuning }: GpuContext,
  { weights, x, y, epsilon, add }: RmsNormBuffers,
): Promise<Op> {
  const kernel = await kernels.compile({
    name: 'rms-norm',
    code: composeShader([task, treeSum, rmsNorm]),
    constants: { C: x.width, EPSILON: epsilon, ADD: Number(add), STRIDE: x.stride, WORKGROUP: tuning.reduceWorkgroup },
  });
  const bound = kernel.bind([weights, x.buffer, y.buffer]);
  return (pass, tokens) => bound.dispatch(pass, [tokens]);
}
