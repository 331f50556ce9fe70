import type { Activation } from '../activation.ts';
import { composeShader } from '../compose.ts';
import type { GpuContext, Op } from '../context.ts';
import attention from '../kernels/attention.wgsl?raw';
import kvCache from '../kernels/blocks/kv-cache.wgsl?raw';
import task from '../kernels/blocks/task.wgsl?raw';
import type { Binding } from '../kernels.ts';
import type { HeadShape } from './rope-kv.ts';

export interface AttentionBuffers {
  readonly heads: HeadShape;
  /** `[T, (H + 2K) · D]`, of which the rotated queries are read */
  readonly qkv: Activation;
  /** The layer's KV pages, the T positions of this task among them */
  readonly cache: GPUBuffer;
  /** `[S / PAGE_TOKENS]` page numbers of the session, u32 */
  readonly pages: Binding;
  /** `[T, H · D]` */
  readonly y: Activation;
}

const WORKGROUP = 64;

/** Causal grouped-query attention over the session's pages. */
export async function createAttention({ kernels }: GpuContext, buffers: AttentionBuffers): Promise<Op> {
  const { heads, qkv, cache, pages, y } = buffers;
  const { headCount, kvHeadCount, headSize } = heads;
  const kernel = await kernels.compile({
    name: 'attention',
    code: composeShader([task, kvCache, attention], { R: headCount / kvHeadCount }),
    constants: {
      K: kvHeadCount,
      D4: headSize / 4,
      Q_STRIDE: qkv.stride,
      Y_STRIDE: y.stride,
      WORKGROUP: Math.max(WORKGROUP, headSize / 4),
    },
  });
  const bound = kernel.bind([qkv.buffer, cache, pages, y.buffer]);
  return (pass, tokens) => bound.dispatch(pass, [kvHeadCount, tokens]);
}
