import type { CandidateRequest } from '../../protocol/frames.ts';
import { MAX_CANDIDATES } from '../../protocol/limits.ts';
import type { Activation } from '../activation.ts';
import { composeShader } from '../compose.ts';
import type { GpuContext } from '../context.ts';
import allowed from '../kernels/blocks/allowed.wgsl?raw';
import candidate from '../kernels/blocks/candidate.wgsl?raw';
import fromCandidates from '../kernels/blocks/from-candidates.wgsl?raw';
import fromSlices from '../kernels/blocks/from-slices.wgsl?raw';
import logitsBlock from '../kernels/blocks/logits.wgsl?raw';
import task from '../kernels/blocks/task.wgsl?raw';
import select from '../kernels/select.wgsl?raw';
import sliceMaxima from '../kernels/slice-maxima.wgsl?raw';
import summary from '../kernels/summary.wgsl?raw';
import type { Binding, BoundKernel } from '../kernels.ts';
import { RESULT_LOG_SUM_EXP, RESULT_WORDS } from '../result-layout.ts';
import type { TaskParameters } from '../task-buffer.ts';
import { powerOfTwo, selectRounds } from './select-rounds.ts';

export interface SelectBuffers {
  /** `[T, V]`, at most `rows` rows */
  readonly logits: Activation;
  readonly rows: number;
  /** `[V / 32]` bits, see `CandidateRequest.mask` */
  readonly mask: Binding;
  /** u32 ids */
  readonly wanted: Binding;
  /** `[…, RESULT_WORDS]` */
  readonly results: GPUBuffer;
}

/**
 * Encodes the choice of candidates of `tokens` rows of logits into the results from row `result` on.
 * @param addTask - stores the parameters of one dispatch and returns their offset
 */
export type SelectOp = (
  encoder: GPUComputePassEncoder,
  addTask: (parameters: TaskParameters) => number,
  request: { readonly tokens: number; readonly result: number } & Pick<
    CandidateRequest,
    'count' | 'wantedIds' | 'mask'
  >,
) => void;

/** Slices of the vocabulary; as many first candidates are sorted before the tokens of the best slices are. */
const SLICES = 1024;
const SLICE_WORKGROUP = 64;

/** Top candidates, log-sum-exp and wanted logits of rows of logits. */
export async function createSelect(context: GpuContext, buffers: SelectBuffers): Promise<SelectOp> {
  const { kernels, tuning } = context;
  const { logits, mask, wanted, results } = buffers;
  const { selectChunk: CHUNK, selectWorkgroup, reduceWorkgroup } = tuning;
  const SLICE_LENGTH = sliceLength(logits.width);
  const lists = createLists(context.gpu.device, buffers, CHUNK);
  const { first, slices, sums } = lists;
  const vocabulary = { IN_STRIDE: logits.stride * 4, VOCABULARY: logits.width };
  const sorting = { CHUNK, WORKGROUP: selectWorkgroup };
  const compile = (name: string, parts: readonly string[], constants: Record<string, number>) =>
    kernels.compile({ name, code: composeShader([task, candidate, allowed, ...parts]), constants });
  const [maximaKernel, sliceKernel, mergeKernel, summaryKernel] = await Promise.all([
    compile('slice maxima', [logitsBlock, sliceMaxima], { ...vocabulary, SLICES }),
    compile('select slices', [logitsBlock, fromSlices, select], { ...vocabulary, ...sorting, SLICES, SLICE_LENGTH }),
    compile('select', [fromCandidates, select], sorting),
    compile('summary', [logitsBlock, summary], {
      ...vocabulary,
      SLICES,
      OUT_STRIDE: RESULT_WORDS,
      OUT_FIRST: RESULT_LOG_SUM_EXP,
      WORKGROUP: reduceWorkgroup,
    }),
  ]);
  const findMaxima = maximaKernel.bind([logits.buffer, mask, first.buffer, sums]);
  const summarise = summaryKernel.bind([logits.buffer, mask, first.buffer, sums, wanted, results]);
  const path = (from: List, to: List): Path => {
    const kernel = from === slices ? sliceKernel : mergeKernel;
    const inputs = from === slices ? [logits.buffer, mask, to.buffer, from.buffer] : [from.buffer, mask, to.buffer];
    return { kernel: kernel.bind(inputs), sourceStride: from.stride, targetStride: to.stride };
  };
  const chosen: List = { buffer: results, stride: RESULT_WORDS / 2 };
  const pickSlices = createPaths(path, first, slices, lists);
  const pickTokens = createPaths(path, slices, chosen, lists);
  return (encoder, addTask, { tokens, result, count, wantedIds, mask: allowedIds }) => {
    const keep = powerOfTwo(count);
    const masked = allowedIds ? 1 : 0;
    const pass = (parameters: TaskParameters) => ({ encoder, taskOffset: addTask({ ...parameters, masked }) });
    const runRounds = ({ only, open, middle, close }: Paths, candidates: number, row: number) => {
      const rounds = selectRounds(candidates, keep, CHUNK);
      const last = rounds.length - 1;
      for (const [round, { chunks, ...sizes }] of rounds.entries()) {
        const between = round === 0 ? open : middle[round % 2]!;
        const { kernel, ...strides } = round < last ? between : round === 0 ? only : close[round % 2]!;
        kernel.dispatch(pass({ keep, ...sizes, ...strides, result: round < last ? 0 : row }), [chunks, tokens]);
      }
    };
    findMaxima.dispatch(pass({}), [SLICES / SLICE_WORKGROUP, tokens]);
    runRounds(pickSlices, SLICES, 0);
    runRounds(pickTokens, keep * SLICE_LENGTH, result);
    summarise.dispatch(pass({ wanted: wantedIds.length, result }), [tokens]);
  };
}

/** `Task`s that the choice for one batch of rows takes at most. */
export function selectTasks(vocabularySize: number, chunk: number): number {
  const counts = [SLICES, MAX_CANDIDATES * sliceLength(vocabularySize)];
  return 2 + counts.reduce((sum, count) => sum + selectRounds(count, MAX_CANDIDATES, chunk).length, 0);
}

/** Rows of candidates. */
interface List {
  readonly buffer: GPUBuffer;
  /** Candidates from row to row. */
  readonly stride: number;
}

/** The sorting kernel from one list to another. */
interface Path {
  readonly kernel: BoundKernel;
  readonly sourceStride: number;
  readonly targetStride: number;
}

/** The ways of a sort: in one round, or first into ping, to and fro, and from either to the target. */
interface Paths {
  readonly only: Path;
  readonly open: Path;
  /** By round, even and odd. */
  readonly middle: readonly [Path, Path];
  readonly close: readonly [Path, Path];
}

function createPaths(
  path: (from: List, to: List) => Path,
  source: List,
  target: List,
  { ping, pong }: { readonly ping: List; readonly pong: List },
): Paths {
  return {
    only: path(source, target),
    open: path(source, ping),
    middle: [path(pong, ping), path(ping, pong)],
    close: [path(pong, target), path(ping, target)],
  };
}

function createLists(device: GPUDevice, { rows, logits }: SelectBuffers, chunk: number) {
  const buffer = (label: string, words: number) =>
    device.createBuffer({ label, size: rows * words * 4, usage: GPUBufferUsage.STORAGE });
  const list = (label: string, stride: number): List => ({ buffer: buffer(label, 2 * stride), stride });
  const most = Math.max(SLICES, MAX_CANDIDATES * sliceLength(logits.width));
  const stride = Math.ceil(most / chunk) * MAX_CANDIDATES;
  return {
    first: list('first of slices', SLICES),
    sums: buffer('sums of slices', SLICES),
    slices: list('chosen slices', MAX_CANDIDATES),
    ping: list('candidates', stride),
    pong: list('candidates', stride),
  };
}

/** Tokens of a slice. */
function sliceLength(vocabularySize: number): number {
  return Math.ceil(vocabularySize / SLICES);
}
