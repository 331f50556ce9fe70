import type { HeadShape } from '../../model/graph.ts';
import type { Activation } from '../activation.ts';
import { composeShader } from '../compose.ts';
import type { GpuContext, Op } from '../context.ts';
import kvCache from '../kernels/blocks/kv-cache.wgsl?raw';
import task from '../kernels/blocks/task.wgsl?raw';
import ropeKv from '../kernels/rope-kv.wgsl?raw';
import type { Binding } from '../kernels.ts';

export interface RopeKvBuffers {
  readonly heads: HeadShape;
  /** `[T, rotations, D/2]` pairs, D of the widest head, of cosine and sine, see `RopeAngles` */
  readonly angles: Binding;
  /** Floats of a row of angles, and those before the rotation that is used. */
  readonly angleStride: number;
  readonly angleOffset: number;
  /** What queries are multiplied with. */
  readonly scale: number;
  /** Where the rows belong, see `pageTable` */
  readonly pages: Binding;
  /** `[T, (H + 2K) · D]`; its queries are rotated in place */
  readonly qkv: Activation;
  /** The layer's KV pages; the rows' positions are written */
  readonly cache: GPUBuffer;
}

const WORKGROUP = 64;

/** Rotates queries and keys by their position and writes keys and values into the cache. */
export async function createRopeKv({ kernels }: GpuContext, buffers: RopeKvBuffers): Promise<Op> {
  const { heads, angles, angleStride, angleOffset, scale, pages, qkv, cache } = buffers;
  const { headCount, kvHeadCount, headSize } = heads;
  const kernel = await kernels.compile({
    name: 'rope-kv',
    code: composeShader([task, kvCache, ropeKv]),
    constants: {
      ...{ H: headCount, K: kvHeadCount, D4: headSize / 4, STRIDE: qkv.stride },
      ...{ SCALE: scale, ANGLES: angleStride / 4, ROTATION: angleOffset / 4 },
    },
  });
  const bound = kernel.bind([angles, pages, qkv.buffer, cache]);
  const workgroups = Math.ceil(((headCount + 2 * kvHeadCount) * headSize) / 4 / WORKGROUP);
  return (pass, tokens) => bound.dispatch(pass, [workgroups, tokens]);
}
