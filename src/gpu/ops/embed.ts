import { rowBlocks } from '../../blocks/row-groups.ts';
import type { Activation } from '../activation.ts';
import { composeShader } from '../compose.ts';
import type { GpuContext, Op } from '../context.ts';
import { GPU_FORMATS } from '../formats.ts';
import task from '../kernels/blocks/task.wgsl?raw';
import embed from '../kernels/embed.wgsl?raw';
import type { Binding } from '../kernels.ts';
import { createMatrixUniform, type DeviceMatrix } from '../matrix.ts';

export interface EmbedBuffers {
  /** `[V, C]` */
  readonly matrix: DeviceMatrix;
  /** `[T]`, u32 */
  readonly ids: Binding;
  /** `[T, C]` */
  readonly y: Activation;
}

const TILES_PER_BLOCK = 4;
const WORKGROUP = 64;

/** `y[t,c] = W[ids[t],c]`. */
export async function createEmbed({ gpu, kernels }: GpuContext, { matrix, ids, y }: EmbedBuffers): Promise<Op> {
  const bound = await Promise.all(
    matrix.parts.map(async (part) => {
      const kernel = await kernels.compile({
        name: `embed ${part.type}`,
        code: composeShader([task, ...GPU_FORMATS[part.type].shader, embed]),
        constants: {},
      });
      const use = createMatrixUniform(gpu.device, matrix, part, { xStride: 0, yStride: y.stride, add: false });
      return kernel.bind([part.buffer, use, ids, y.buffer]);
    }),
  );
  const workgroups = Math.ceil((rowBlocks(matrix.columns) * TILES_PER_BLOCK) / WORKGROUP);
  return (pass, tokens) => {
    for (const part of bound) part.dispatch(pass, [workgroups, tokens]);
  };
}
