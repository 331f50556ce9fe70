import { rowGroups } from '../../blocks/row-groups.ts';
import type { Activation } from '../activation.ts';
import { composeShader } from '../compose.ts';
import type { GpuContext, Op } from '../context.ts';
import bias from '../kernels/bias.wgsl?raw';
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

const WORKGROUP = 64;

/** `y[t,c] += b[c]`. */
export async function createBias({ kernels }: GpuContext, { biases, y }: BiasBuffers): Promise<Op> {
  let offset = 0;
  const parts = biases.map(({ buffer, width }) => {
    const part = { buffer, width: rowGroups(width), offset };
    offset += part.width;
    return part;
  });
  const bound = await Promise.all(
    parts.map(async ({ buffer, width, offset }) => {
      const kernel = await kernels.compile({
        name: 'bias',
        code: composeShader([task, bias]),
        constants: { WIDTH: width, OFFSET: offset, STRIDE: y.stride },
      });
      return { kernel: kernel.bind([buffer, y.buffer]), workgroups: Math.ceil(width / WORKGROUP) };
    }),
  );
  return (pass, tokens) => {
    for (const { kernel, workgroups } of bound) kernel.dispatch(pass, [workgroups, tokens]);
  };
}
