import type { Activation as ActivationFunction } from '../../model/graph.ts';
import type { Activation } from '../activation.ts';
import { composeShader } from '../compose.ts';
import type { GpuContext, Op } from '../context.ts';
import task from '../kernels/blocks/task.wgsl?raw';
import gate from '../kernels/gate.wgsl?raw';

export interface GateBuffers {
  /** `[T, 2 · F]`: gate, then up, each filled up to whole vec4s */
  readonly x: Activation;
  /** `[T, F]` */
  readonly y: Activation;
  readonly activation: ActivationFunction;
}

const WORKGROUP = 64;
/** Exhaustive: an activation that is missing here does not compile. */
const FLAGS: Readonly<Record<ActivationFunction, Readonly<Record<'GELU' | 'CLAMPED', number>>>> = {
  silu: { GELU: 0, CLAMPED: 0 },
  gelu: { GELU: 1, CLAMPED: 0 },
  clamped: { GELU: 0, CLAMPED: 1 },
};

/** `y[t,f] = activation(gate) · up`. */
export async function createGate({ kernels }: GpuContext, { x, y, activation }: GateBuffers): Promise<Op> {
  const width = Math.ceil(y.width / 4);
  const kernel = await kernels.compile({
    name: 'gate',
    code: composeShader([task, gate]),
    constants: { WIDTH: width, X_STRIDE: x.stride, Y_STRIDE: y.stride, ...FLAGS[activation] },
  });
  const bound = kernel.bind([x.buffer, y.buffer]);
  return (pass, tokens) => bound.dispatch(pass, [Math.ceil(width / WORKGROUP), tokens]);
}
