import type { Activation } from '../activation.ts';
import { composeShader } from '../compose.ts';
import type { GpuContext, Op } from '../context.ts';
import task from '../kernels/blocks/task.wgsl?raw';
import swiglu from '../kernels/swiglu.wgsl?raw';

export interface SwigluBuffers {
  /** `[T, 2 · F]`: gate, then up, each filled up to whole vec4s */
  readonly x: Activation;
  /** `[T, F]` */
  readonly y: Activation;
}

const WORKGROUP = 64;

/** `y[t,f] = gate / (1 + exp(-gate)) · up`. */
export async function createSwiglu({ kernels }: GpuContext, { x, y }: SwigluBuffers): Promise<Op> {
  const width = Math.ceil(y.width / 4);
  const kernel = await kernels.compile({
    name: 'swiglu',
    code: composeShader([task, swiglu]),
    constants: { WIDTH: width, X_STRIDE: x.stride, Y_STRIDE: y.stride },
  });
  const bound = kernel.bind([x.buffer, y.buffer]);
  return (pass, tokens) => bound.dispatch(pass, [Math.ceil(width / WORKGROUP), tokens]);
}
