import type { CandidateRequest } from '../../protocol/frames.ts';
import { MAX_CANDIDATES } from '../../protocol/limits.ts';
import type { Activation } from '../activation.ts';
import { composeShader } from '../compose.ts';
import type { GpuContext } from '../context.ts';
import allowed from '../kernels/blocks/allowed.wgsl?raw';
import candidate from '../kernels/blocks/candidate.wgsl?raw';
import fromCandidates from '../kernels/blocks/from-candidates.wgsl?raw';
import fromLogits from '../kernels/blocks/from-logits.wgsl?raw';
import task from '../kernels/blocks/task.wgsl?raw';
import select from '../kernels/select.wgsl?raw';
import summary from '../kernels/summary.wgsl?raw';
import type { Binding, BoundKernel } from '../kernels.ts';
import { RESULT_LOG_SUM_EXP, RESULT_WORDS } from '../result-layout.ts';
import type { TaskParameters } from '../task-buffer.ts';

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

/** Candidates that one workgroup sorts: 8 KiB of workgroup memory. */
const CHUNK = 1024;
const WORKGROUP = 256;
const SUMMARY_WORKGROUP = 64;

/** Top candidates, log-sum-exp and wanted logits of rows of logits. */
export async function createSelect({ gpu, kernels }: GpuContext, buffers: SelectBuffers): Promise<SelectOp> {
  const { logits, rows, mask, wanted, results } = buffers;
  const scratchStride = Math.ceil(logits.width / CHUNK) * MAX_CANDIDATES;
  const scratch = ['a', 'b'].map((name) =>
    gpu.device.createBuffer({
      label: `candidates ${name}`,
      size: rows * scratchStride * 8,
      usage: GPUBufferUsage.STORAGE,
    }),
  );
  const inputs = [
    { buffer: logits.buffer, block: fromLogits, stride: logits.stride * 4 },
    ...scratch.map((buffer) => ({ buffer, block: fromCandidates, stride: scratchStride })),
  ];
  const outputs = [
    ...scratch.map((buffer) => ({ buffer, stride: 2 * scratchStride })),
    { buffer: results, stride: RESULT_WORDS },
  ];
  const bindPass = async (from: number, to: number): Promise<BoundKernel> => {
    const [input, output] = [inputs[from]!, outputs[to]!];
    const kernel = await kernels.compile({
      name: 'select',
      code: composeShader([task, candidate, allowed, input.block, select]),
      constants: { IN_STRIDE: input.stride, OUT_STRIDE: output.stride, CHUNK, WORKGROUP },
    });
    return kernel.bind([input.buffer, mask, output.buffer]);
  };
  // From logits, then from one scratch buffer to the other; the pass with one chunk goes to the results.
  const passes = await Promise.all(
    [0, 1, 2].map(async (from) => ({
      toScratch: await bindPass(from, from === 1 ? 1 : 0),
      toResults: await bindPass(from, 2),
    })),
  );
  const summaryKernel = await kernels.compile({
    name: 'summary',
    code: composeShader([task, candidate, allowed, summary]),
    constants: {
      IN_STRIDE: logits.stride * 4,
      OUT_STRIDE: RESULT_WORDS,
      OUT_FIRST: RESULT_LOG_SUM_EXP,
      WORKGROUP: SUMMARY_WORKGROUP,
    },
  });
  const summarise = summaryKernel.bind([logits.buffer, mask, wanted, results]);
  return (encoder, addTask, { tokens, result, count, wantedIds, mask: allowedIds }) => {
    const keep = 2 ** Math.ceil(Math.log2(Math.max(1, count)));
    const masked = allowedIds ? 1 : 0;
    let from = 0;
    let candidates = logits.width;
    for (;;) {
      const chunks = Math.ceil(candidates / CHUNK);
      const last = chunks === 1;
      const taskOffset = addTask({ keep, count: candidates, masked, result: last ? result : 0 });
      const pass = passes[from]!;
      (last ? pass.toResults : pass.toScratch).dispatch({ encoder, taskOffset }, [chunks, tokens]);
      if (last) break;
      candidates = chunks * keep;
      from = from === 1 ? 2 : 1;
    }
    const taskOffset = addTask({ count: logits.width, wanted: wantedIds.length, masked, result });
    summarise.dispatch({ encoder, taskOffset }, [tokens]);
  };
}

/** `Task`s that the choice for one batch of rows takes at most: a pass divides the candidates by 8 or more. */
export function selectTasks(vocabularySize: number): number {
  let passes = 1;
  for (let chunks = vocabularySize / CHUNK; chunks > 1; chunks = (Math.ceil(chunks) * MAX_CANDIDATES) / CHUNK) passes++;
  return passes + 1;
}
