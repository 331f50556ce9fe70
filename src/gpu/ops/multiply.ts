import type { Activation } from '../activation.ts';
import { composeShader } from '../compose.ts';
import type { GpuContext, Op } from '../context.ts';
import { GPU_FORMATS } from '../formats.ts';
import task from '../kernels/blocks/task.wgsl?raw';
import matmul from '../kernels/matmul.wgsl?raw';
import matvec from '../kernels/matvec.wgsl?raw';
import matvecSerial from '../kernels/matvec-serial.wgsl?raw';
import type { BoundKernel } from '../kernels.ts';
import { createMatrixUniform, type DeviceMatrix, type MatrixPart } from '../matrix.ts';

/** `y[t,r] = Σ_c W[r,c] · x[t,c]`, or that added to y. */
export interface MultiplyBuffers {
  readonly matrix: DeviceMatrix;
  /** `[T, columns]` */
  readonly x: Activation;
  /** `[T, rows]` */
  readonly y: Activation;
  readonly add: boolean;
}

/** A kernel that multiplies, and the share of the product that one of its workgroups computes. */
interface MultiplyKernel {
  readonly name: string;
  readonly tokens: number;
  readonly groups: number;
  readonly text: readonly string[];
  readonly unrolled: Readonly<Record<string, number>>;
  readonly constants: Readonly<Record<string, number>>;
}

/** Threads of the serial kernel's workgroup. */
const SERIAL_THREADS = 4;
/** WebGPU's default `maxComputeWorkgroupsPerDimension`. */
const MAX_WORKGROUPS = 65_535;

/**
 * A product of a weight matrix with rows of activations, straight on the quantised blocks. The tiled kernel adds up in
 * another order than the others: rows of different sessions never take it, so that nobody's result depends on company.
 */
export async function createMultiply(context: GpuContext, buffers: MultiplyBuffers): Promise<Op> {
  const { rowTokens, tiledTokens } = context.tuning;
  const tiled = tiledTokens < Number.POSITIVE_INFINITY;
  const [single, several, many] = await Promise.all(
    [vectorKernel(context, 1), vectorKernel(context, rowTokens), ...(tiled ? [TILED] : [])].map((kernel) =>
      bindKernel(context, buffers, kernel),
    ),
  );
  return (pass, tokens) => {
    const op = tokens >= tiledTokens && !pass.apart ? many : tokens === 1 ? single : several;
    op!(pass, tokens);
  };
}

/** Sizes as in kernels/matmul.wgsl. */
const TILED: MultiplyKernel = {
  name: 'matmul',
  tokens: 32,
  groups: 16,
  text: [matmul],
  unrolled: { t: 4, g: 2 },
  constants: {},
};

function vectorKernel(context: GpuContext, tokens: number): MultiplyKernel {
  const { rowThreads, rowGroups, rowWorkgroup, rowTiles } = context.tuning;
  const sizes = `const T = ${tokens}u; const G = ${rowGroups}u;`;
  const unrolled = { t: tokens, g: rowGroups };
  if (context.tuning.serialRows) {
    const groups = SERIAL_THREADS * rowGroups;
    const text = [sizes, matvecSerial];
    return {
      name: `serial matvec T=${tokens}`,
      tokens,
      groups,
      text,
      unrolled: { ...unrolled, j: 4, c: 4 },
      constants: {},
    };
  }
  return {
    name: `matvec T=${tokens}`,
    tokens,
    groups: (rowWorkgroup / rowThreads) * rowGroups,
    text: [sizes, `const U = ${rowTiles}u;`, matvec],
    unrolled: { ...unrolled, u: rowTiles },
    constants: { THREADS: rowThreads, WORKGROUP: rowWorkgroup },
  };
}

async function bindKernel(context: GpuContext, buffers: MultiplyBuffers, kernel: MultiplyKernel): Promise<Op> {
  const parts = await Promise.all(
    buffers.matrix.parts.map(async (part) => ({
      bound: await bindPart(context, buffers, kernel, part),
      columns: Math.ceil(part.groups / kernel.groups),
    })),
  );
  return (pass, tokens) => {
    const tiles = Math.ceil(tokens / kernel.tokens);
    for (const { bound, columns } of parts) {
      const layers = Math.ceil(columns / MAX_WORKGROUPS);
      bound.dispatch(pass, [Math.ceil(columns / layers), tiles, layers]);
    }
  };
}

async function bindPart(
  { gpu, kernels, tuning }: GpuContext,
  { matrix, x, y, add }: MultiplyBuffers,
  { name, text, unrolled, constants }: MultiplyKernel,
  part: MatrixPart,
): Promise<BoundKernel> {
  const enables = tuning.serialRows ? 'enable subgroups;' : '';
  const kernel = await kernels.compile({
    name: `${name} ${part.type}`,
    code: composeShader([enables, task, ...GPU_FORMATS[part.type].shader, ...text], unrolled),
    constants,
  });
  const use = createMatrixUniform(gpu.device, matrix, part, { xStride: x.stride, yStride: y.stride, add });
  return kernel.bind([part.buffer, use, x.buffer, y.buffer]);
}
