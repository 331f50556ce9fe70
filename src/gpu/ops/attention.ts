import type { HeadShape, Sight } from '../../model/graph.ts';
import type { Activation } from '../activation.ts';
import { composeShader } from '../compose.ts';
import type { GpuContext, Op } from '../context.ts';
import attention from '../kernels/attention.wgsl?raw';
import attentionSerial from '../kernels/attention-serial.wgsl?raw';
import kvCache from '../kernels/blocks/kv-cache.wgsl?raw';
import tanh from '../kernels/blocks/tanh.wgsl?raw';
import task from '../kernels/blocks/task.wgsl?raw';
import type { Binding } from '../kernels.ts';

export interface AttentionBuffers {
  readonly heads: HeadShape;
  readonly sight: Sight;
  /** `[T, (H + 2K) · D]`, of which the rotated queries are read, scaled for the scores */
  readonly qkv: Activation;
  /** The layer's KV pages, the rows' own positions among them */
  readonly cache: GPUBuffer;
  /** Where the rows belong, see `pageTable` */
  readonly pages: Binding;
  /** `[T, H · D]` */
  readonly y: Activation;
  /** `[H]` scores that count for the softmax and have no value; undefined for none */
  readonly sinks: GPUBuffer | undefined;
}

/** A window that nothing falls out of. */
const ALL_POSITIONS = 0xffffffff;
/** Threads of the serial kernel's workgroup, `THREADS` in its text. */
const SERIAL_THREADS = 4;
/** vec4s that a thread adds up at once at most: SwiftShader takes 7 s to compile these, and dies of four times as many. */
const SERIAL_SUMS = 256;
/** Positions that it scores at once; times the threads they divide a page. */
const SERIAL_POSITIONS = 4;

/** Causal grouped-query attention of each row over its session's pages. */
export function createAttention(context: GpuContext, buffers: AttentionBuffers): Promise<Op> {
  return context.tuning.serialAttention ? createSerial(context, buffers) : createParallel(context, buffers);
}

async function createParallel({ kernels, tuning }: GpuContext, buffers: AttentionBuffers): Promise<Op> {
  const { headCount, kvHeadCount, headSize } = buffers.heads;
  const heads = headCount / kvHeadCount;
  const kernel = await kernels.compile({
    name: 'attention',
    code: composeShader([`const R = ${heads}u;`, task, tanh, kvCache, attention], { r: heads }),
    constants: { ...constantsOf(buffers), WORKGROUP: Math.max(tuning.attentionWorkgroup, headSize / 4) },
  });
  const bound = kernel.bind(bindingsOf(buffers));
  return (pass, tokens) => bound.dispatch(pass, [kvHeadCount, tokens]);
}

/** One kernel for rows that have nothing in common and one for many of a session, which share what they load. */
async function createSerial({ kernels, tuning }: GpuContext, buffers: AttentionBuffers): Promise<Op> {
  const { headCount, kvHeadCount, headSize } = buffers.heads;
  const heads = headCount / kvHeadCount;
  const sums = Math.ceil(headSize / 4 / SERIAL_THREADS);
  const tokensAtOnce = Math.max(1, Math.min(tuning.attentionTokens, Math.floor(SERIAL_SUMS / (heads * sums))));
  const bind = async (tile: number) => {
    const constants = `const R = ${heads}u; const ROWS = ${tile * heads}u; const POSITIONS = ${SERIAL_POSITIONS}u;`;
    const kernel = await kernels.compile({
      name: `attention T=${tile}`,
      code: composeShader([constants, task, tanh, kvCache, attentionSerial], {
        r: tile * heads,
        p: SERIAL_POSITIONS,
        v: sums,
      }),
      constants: constantsOf(buffers),
    });
    return kernel.bind(bindingsOf(buffers));
  };
  const [single, many] = await Promise.all([bind(1), bind(tokensAtOnce)]);
  return (pass, tokens) => {
    if (tokens === 1 || pass.apart) single.dispatch(pass, [kvHeadCount, tokens]);
    else many.dispatch(pass, [kvHeadCount, Math.ceil(tokens / tokensAtOnce)]);
  };
}

function constantsOf({ heads, sight, qkv, y, sinks }: AttentionBuffers): Record<string, number> {
  return {
    ...{ K: heads.kvHeadCount, D4: heads.headSize / 4, Q_STRIDE: qkv.stride, Y_STRIDE: y.stride },
    ...{
      WINDOW: sight.window === 0 ? ALL_POSITIONS : sight.window,
      CAP: sight.cap,
      SINKS: Number(sinks !== undefined),
    },
  };
}

function bindingsOf({ qkv, cache, pages, y, sinks }: AttentionBuffers): Binding[] {
  // Something must be bound where nothing is read.
  return [qkv.buffer, cache, pages, y.buffer, sinks ?? cache];
}
