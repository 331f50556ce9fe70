import { rowGroups } from '../../blocks/row-groups.ts';
import type { Activation } from '../activation.ts';
import { composeShader } from '../compose.ts';
import type { GpuContext, Op } from '../context.ts';
import { GPU_FORMATS } from '../formats.ts';
import addChosen from '../kernels/add-chosen.wgsl?raw';
import biasChosen from '../kernels/bias-chosen.wgsl?raw';
import task from '../kernels/blocks/task.wgsl?raw';
import choose from '../kernels/choose.wgsl?raw';
import matvecChosen from '../kernels/matvec-chosen.wgsl?raw';
import { createMatrixUniform, type DeviceMatrix } from '../matrix.ts';
import type { Bias } from './add.ts';

/** Which experts rows have chosen. */
export interface Choice {
  /** To choose from. */
  readonly experts: number;
  /** Of a row. */
  readonly used: number;
  /** `[T, 2 · used]`: numbers as u32, then weights. */
  readonly rows: Activation;
}

export interface MultiplyChosenBuffers {
  /** Stacks of the experts' matrices, one below the other. */
  readonly matrix: DeviceMatrix;
  /** How many stacks those are; all experts of all stacks have equally many rows. */
  readonly stacks: number;
  /** `[T, columns]`, or `[T, used · columns]` where each expert has a row of its own. */
  readonly x: Activation;
  /** `[T, used · stacks · rows of an expert]`, whole vec4s */
  readonly y: Activation;
  readonly choice: Choice;
}

const WORKGROUP = 64;

/** What makes weights of logits: the softmax of `scale` times those, times each expert's number of `scales`. */
export interface Weighing {
  readonly scale: number;
  /** `[experts]`; undefined for ones */
  readonly scales: GPUBuffer | undefined;
}

/** `choice` = the experts with the greatest logits of each row, and their weights. */
export async function createChoose(
  { kernels }: GpuContext,
  logits: Activation,
  choice: Choice,
  { scale, scales }: Weighing,
): Promise<Op> {
  const { experts, used, rows } = choice;
  const kernel = await kernels.compile({
    name: 'choose',
    code: composeShader([task, choose]),
    constants: {
      ...{ EXPERTS: experts, USED: used, STRIDE: logits.stride, CHOICE_STRIDE: rows.stride * 4 },
      ...{ SCALE: scale, SCALED: Number(scales !== undefined) },
    },
  });
  // Something must be bound where nothing is read.
  const bound = kernel.bind([logits.buffer, rows.buffer, scales ?? logits.buffer]);
  return (pass, tokens) => bound.dispatch(pass, [Math.ceil(tokens / WORKGROUP)]);
}

/** The product of each row with its chosen experts' rows; reads no other's. */
export async function createMultiplyChosen(context: GpuContext, buffers: MultiplyChosenBuffers): Promise<Op> {
  const { gpu, kernels, tuning } = context;
  const { matrix, stacks, x, y, choice } = buffers;
  const { rowThreads, rowWorkgroup } = tuning;
  const partGroups = y.width / choice.used / 4;
  const own = x.width > matrix.columns;
  const bound = await Promise.all(
    matrix.parts.map(async (part) => {
      const kernel = await kernels.compile({
        name: `matvec of experts ${part.type}`,
        code: composeShader([task, ...GPU_FORMATS[part.type].shader, matvecChosen]),
        constants: {
          ...{ THREADS: rowThreads, WORKGROUP: rowWorkgroup, EXPERTS: choice.experts, USED: choice.used },
          ...{ EXPERT_GROUPS: partGroups / stacks, PART_GROUPS: partGroups },
          ...{ X_PART: own ? matrix.columns / 4 : 0, CHOICE_STRIDE: choice.rows.stride * 4 },
        },
      });
      const use = createMatrixUniform(gpu.device, matrix, part, { xStride: x.stride, yStride: y.stride, add: false });
      return kernel.bind([part.buffer, use, choice.rows.buffer, x.buffer, y.buffer]);
    }),
  );
  const workgroups = Math.ceil(partGroups / (rowWorkgroup / rowThreads));
  return (pass, tokens) => {
    for (const part of bound) part.dispatch(pass, [workgroups, tokens * choice.used]);
  };
}

/** Adds to each part of each row the vectors of its expert side by side. @param biases - `[experts, width]` each */
export async function createBiasChosen(
  { kernels }: GpuContext,
  biases: readonly Bias[],
  y: Activation,
  { used, rows }: Choice,
): Promise<Op> {
  let end = 0;
  const bound = await Promise.all(
    biases.map(async ({ buffer, width }) => {
      const groups = rowGroups(width);
      const offset = end;
      end += groups;
      const kernel = await kernels.compile({
        name: 'bias of experts',
        code: composeShader([task, biasChosen]),
        constants: {
          ...{ WIDTH: groups, OFFSET: offset, PART: y.width / used / 4, USED: used },
          ...{ STRIDE: y.stride, CHOICE_STRIDE: rows.stride * 4 },
        },
      });
      return { kernel: kernel.bind([rows.buffer, buffer, y.buffer]), workgroups: Math.ceil(groups / WORKGROUP) };
    }),
  );
  return (pass, tokens) => {
    for (const { kernel, workgroups } of bound) kernel.dispatch(pass, [workgroups, tokens * used]);
  };
}

export interface AddChosenBuffers {
  /** `[T, used · C]` */
  readonly parts: Activation;
  /** `[T, C]` */
  readonly y: Activation;
  readonly add: boolean;
}

/** `y = Σ weight · part` over each row's chosen experts, or that added to y. */
export async function createAddChosen(
  { kernels }: GpuContext,
  { parts, y, add }: AddChosenBuffers,
  { used, rows }: Choice,
): Promise<Op> {
  const width = y.width / 4;
  const kernel = await kernels.compile({
    name: 'sum of experts',
    code: composeShader([task, addChosen]),
    constants: {
      ...{ WIDTH: width, USED: used, X_STRIDE: parts.stride, Y_STRIDE: y.stride },
      ...{ CHOICE_STRIDE: rows.stride * 4, ADD: Number(add) },
    },
  });
  const bound = kernel.bind([rows.buffer, parts.buffer, y.buffer]);
  return (pass, tokens) => bound.dispatch(pass, [Math.ceil(width / WORKGROUP), tokens]);
}
