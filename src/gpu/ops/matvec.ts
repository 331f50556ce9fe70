import type { Activation } from '../activation.ts';
import { composeShader } from '../compose.ts';
import type { GpuContext, Op } from '../context.ts';
import task from '../kernels/blocks/task.wgsl?raw';
import matvec from '../kernels/matvec.wgsl?raw';
import type { BoundKernel } from '../kernels.ts';
import { createMatrixUniform, type DeviceMatrix, type MatrixPart } from '../matrix.ts';
import { matrixBlocks } from '../matrix-blocks.ts';

/** Tokens that share a decoded weight; a kernel each, the smallest that fits is taken. */
const TOKEN_TILES = [1, 8];
/** WebGPU's default `maxComputeWorkgroupsPerDimension`. */
const MAX_WORKGROUPS = 65_535;

/** `y[t,r] = Σ_c W[r,c] · x[t,c]`, or that added to y. */
export interface MatVecBuffers {
  readonly matrix: DeviceMatrix;
  /** `[T, columns]` */
  readonly x: Activation;
  /** `[T, rows]` */
  readonly y: Activation;
  readonly add: boolean;
}

/** A product of a weight matrix with a few rows, straight on the quantised blocks. */
export async function createMatVec(context: GpuContext, buffers: MatVecBuffers): Promise<Op> {
  const { rowThreads, rowGroups, rowWorkgroup } = context.tuning;
  const groupsPerWorkgroup = (rowWorkgroup / rowThreads) * rowGroups;
  const parts = await Promise.all(
    buffers.matrix.parts.map(async (part) => ({
      columns: Math.ceil(part.groups / groupsPerWorkgroup),
      kernels: await Promise.all(TOKEN_TILES.map((tile) => bindPart(context, buffers, part, tile))),
    })),
  );
  return (pass, tokens) => {
    const fitting = TOKEN_TILES.findIndex((tile) => tile >= tokens);
    const index = fitting < 0 ? TOKEN_TILES.length - 1 : fitting;
    const tiles = Math.ceil(tokens / TOKEN_TILES[index]!);
    for (const { columns, kernels } of parts) {
      const layers = Math.ceil(columns / MAX_WORKGROUPS);
      kernels[index]!.dispatch(pass, [Math.ceil(columns / layers), tiles, layers]);
    }
  };
}

async function bindPart(
  { gpu, kernels, tuning }: GpuContext,
  { matrix, x, y, add }: MatVecBuffers,
  part: MatrixPart,
  tile: number,
): Promise<BoundKernel> {
  const unrolled = { t: tile, g: tuning.rowGroups };
  const kernel = await kernels.compile({
    name: `matvec ${part.type} T=${tile}`,
    code: composeShader(
      [`const T = ${tile}u; const G = ${tuning.rowGroups}u;`, task, ...matrixBlocks(part.type), matvec],
      unrolled,
    ),
    constants: { THREADS: tuning.rowThreads, WORKGROUP: tuning.rowWorkgroup },
  });
  const use = createMatrixUniform(gpu.device, matrix, part, { xStride: x.stride, yStride: y.stride, add });
  return kernel.bind([part.buffer, use, x.buffer, y.buffer]);
}
