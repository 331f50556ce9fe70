import { rowGroups } from '../../blocks/row-groups.ts';
import type { StateLayout } from '../../blocks/state-layout.ts';
import type { RecallHeads } from '../../model/graph.ts';
import type { Activation } from '../activation.ts';
import { composeShader } from '../compose.ts';
import type { GpuContext, Op } from '../context.ts';
import sessionStates from '../kernels/blocks/states.wgsl?raw';
import task from '../kernels/blocks/task.wgsl?raw';
import treeSum from '../kernels/blocks/tree-sum.wgsl?raw';
import convolve from '../kernels/convolve.wgsl?raw';
import gateBy from '../kernels/gate-by.wgsl?raw';
import recall from '../kernels/recall.wgsl?raw';
import type { Binding, Pass } from '../kernels.ts';

/** Where a layer's states lie. */
export interface StatePlaces {
  /** See `stateTable` */
  readonly sessions: Binding;
  /** The layer's pages, a state each. */
  readonly states: GPUBuffer;
  readonly layout: StateLayout;
}

export interface RecallBuffers extends StatePlaces {
  readonly heads: RecallHeads;
  /** `[valueHeads]` each */
  readonly dt: GPUBuffer;
  readonly a: GPUBuffer;
  /** `[T, (2 · keyHeads + valueHeads) · D]` */
  readonly mixed: Activation;
  /** `[T, 2 · valueHeads]`, the second half from a whole vec4 on */
  readonly deltas: Activation;
  /** `[T, valueHeads · D]` */
  readonly y: Activation;
  readonly epsilon: number;
}

const WORKGROUP = 64;

/** Sessions whose rows a pass has. */
function sessionCount({ apart }: Pass, tokens: number): number {
  return apart ? tokens : 1;
}

/** Convolves the rows of each session over its last four positions, in place. @param taps - `[width, 4]` */
export async function createConvolve(
  { kernels }: GpuContext,
  taps: GPUBuffer,
  x: Activation,
  { sessions, states, layout }: StatePlaces,
): Promise<Op> {
  const width = rowGroups(x.width);
  const kernel = await kernels.compile({
    name: 'convolve',
    code: composeShader([task, sessionStates, convolve]),
    constants: { WIDTH: width, STRIDE: x.stride, PAGE: layout.bytes / 16, ROWS_AT: layout.rowsAt / 16 },
  });
  const bound = kernel.bind([sessions, taps, x.buffer, states]);
  return (pass, tokens) => bound.dispatch(pass, [Math.ceil(width / WORKGROUP), sessionCount(pass, tokens)]);
}

/** The gated delta rule over the rows of each session. */
export async function createRecall({ kernels }: GpuContext, buffers: RecallBuffers): Promise<Op> {
  const { heads, dt, a, mixed, deltas, y, epsilon, sessions, states, layout } = buffers;
  const { keyHeads, valueHeads, headSize } = heads;
  const kernel = await kernels.compile({
    name: 'recall',
    code: composeShader([task, sessionStates, recall]),
    constants: {
      ...{ KEY_HEADS: keyHeads, VALUE_HEADS: valueHeads, D: headSize, PAGE: layout.bytes / 4, EPSILON: epsilon },
      ...{ STRIDE: mixed.stride * 4, DELTA_STRIDE: deltas.stride * 4, ALPHAS: rowGroups(valueHeads) * 4 },
      Y_STRIDE: y.stride * 4,
    },
  });
  const bound = kernel.bind([sessions, dt, a, mixed.buffer, deltas.buffer, states, y.buffer]);
  return (pass, tokens) => bound.dispatch(pass, [valueHeads, sessionCount(pass, tokens)]);
}

export interface GateByBuffers {
  /** `[T, …]`, at least as wide as y, or `[T, 1]` */
  readonly gate: Activation;
  readonly y: Activation;
  readonly activation: 'sigmoid' | 'silu';
  /** D of y's heads. */
  readonly headSize: number;
  /** `[D]`: the heads are RMS-normed by it first; undefined for none */
  readonly norm: GPUBuffer | undefined;
  readonly epsilon: number;
}

/** `y *= activation(gate)` */
export async function createGateBy({ kernels, tuning }: GpuContext, buffers: GateByBuffers): Promise<Op> {
  const { gate, y, activation, headSize, norm, epsilon } = buffers;
  const kernel = await kernels.compile({
    name: 'outer gate',
    code: composeShader([task, treeSum, gateBy]),
    constants: {
      ...{ D4: rowGroups(headSize), EPSILON: epsilon, G_STRIDE: gate.stride, Y_STRIDE: y.stride },
      ...{ SILU: Number(activation === 'silu'), NORM: Number(norm !== undefined), WORKGROUP: tuning.reduceWorkgroup },
      SINGLE: Number(gate.width === 1),
    },
  });
  // Something must be bound: without a norm it is not read.
  const bound = kernel.bind([norm ?? gate.buffer, gate.buffer, y.buffer]);
  return (pass, tokens) => bound.dispatch(pass, [y.width / headSize, tokens]);
}
