import type { HeadShape } from '../../model/graph.ts';
import type { Activation } from '../activation.ts';
import { composeShader } from '../compose.ts';
import type { GpuContext, Op } from '../context.ts';
import task from '../kernels/blocks/task.wgsl?raw';
import treeSum from '../kernels/blocks/tree-sum.wgsl?raw';
import normHeads from '../kernels/norm-heads.wgsl?raw';

export interface NormHeadsBuffers {
  readonly heads: HeadShape;
  /** Whether value heads are normed too, as they are. */
  readonly values: boolean;
  /** `[D]` each, f32 */
  readonly query: GPUBuffer;
  readonly key: GPUBuffer;
  /** `[T, (H + 2K) · D]`; heads are normed in place */
  readonly qkv: Activation;
  readonly epsilon: number;
}

/** RMS norm of each query and key head, and of value heads where those are normed too. */
export async function createNormHeads({ kernels, tuning }: GpuContext, buffers: NormHeadsBuffers): Promise<Op> {
  const { heads, values, query, key, qkv, epsilon } = buffers;
  const { headCount, kvHeadCount, headSize } = heads;
  const kernel = await kernels.compile({
    name: 'norm-heads',
    code: composeShader([task, treeSum, normHeads]),
    constants: {
      ...{ H: headCount, K: kvHeadCount, D4: headSize / 4, EPSILON: epsilon, STRIDE: qkv.stride },
      WORKGROUP: tuning.reduceWorkgroup,
    },
  });
  const bound = kernel.bind([query, key, qkv.buffer]);
  const normed = headCount + (values ? 2 : 1) * kvHeadCount;
  return (pass, tokens) => bound.dispatch(pass, [normed, tokens]);
}
