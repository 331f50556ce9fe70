import type { Activation } from '../activation.ts';
import { composeShader } from '../compose.ts';
import type { GpuContext, Op } from '../context.ts';
import kvCache from '../kernels/blocks/kv-cache.wgsl?raw';
import task from '../kernels/blocks/task.wgsl?raw';
import ropeKv from '../kernels/rope-kv.wgsl?raw';
import type { Binding } from '../kernels.ts';

/** The heads of attention: H, K and D. */
export interface HeadShape {
  readonly headCount: number;
  readonly kvHeadCount: number;
  /** A multiple of 4. */
  readonly headSize: number;
}

export interface RopeKvBuffers {
  readonly heads: HeadShape;
  /** `[T, rotations, D/2]` pairs of cosine and sine, see `RopeAngles` */
  readonly angles: Binding;
  /** How many rotations a row of angles has, and which is used. */
  readonly rotations: number;
  readonly rotation: number;
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
  const { heads, angles, rotations, rotation, scale, pages, qkv, cache } = buffers;
  const { headCount, kvHeadCount, headSize } = heads;
  const kernel = await kernels.compile({
    name: 'rope-kv',
    code: composeShader([task, kvCache, ropeKv]),
    constants: {
      ...{ H: headCount, K: kvHeadCount, D4: headSize / 4, STRIDE: qkv.stride },
      ...{ SCALE: scale, ANGLES: (rotations * headSize) / 4, ROTATION: rotation },
    },
  });
  const bound = kernel.bind([angles, pages, qkv.buffer, cache]);
  const workgroups = Math.ceil(((headCount + 2 * kvHeadCount) * headSize) / 4 / WORKGROUP);
  return (pass, tokens) => bound.dispatch(pass, [workgroups, tokens]);
}
