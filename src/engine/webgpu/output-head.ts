import type { GpuContext } from '../../gpu/context.ts';
import { createMultiply } from '../../gpu/ops/multiply.ts';
import { createRmsNorm } from '../../gpu/ops/rms-norm.ts';
import { createScale } from '../../gpu/ops/scale.ts';
import { createSelect } from '../../gpu/ops/select.ts';
import { NO_TOKEN, RESULT_LOG_SUM_EXP, RESULT_WANTED, RESULT_WORDS } from '../../gpu/result-layout.ts';
import type { Hyperparameters } from '../../model/hyperparameters.ts';
import type { CandidateRequest, Candidates } from '../../protocol/frames.ts';
import { LOGIT_ROWS } from '../limits.ts';
import type { ShardWeights } from '../weights.ts';
import type { Workspace } from './workspace.ts';

/** Encodes the output of rows `[first, end)` of the hidden states; their candidates become results from row 0 on. */
export type OutputHead = (
  encoder: GPUComputePassEncoder,
  first: number,
  end: number,
  request: CandidateRequest,
) => void;

/** Output norm, output matrix and the choice of candidates, on the wanted rows only. */
export async function createOutputHead(
  context: GpuContext,
  model: Hyperparameters,
  output: NonNullable<ShardWeights['output']>,
  workspace: Workspace,
): Promise<OutputHead> {
  const { tasks, slots, logits, results } = workspace;
  const { hidden, normed } = slots;
  const { mask, wanted } = tasks.regions;
  const { logitScale = 1, logitCap = 0 } = model;
  const plain = logitScale === 1 && logitCap === 0;
  const [norm, multiply, scale, select] = await Promise.all([
    createRmsNorm(context, { weights: output.norm, x: hidden, y: normed, epsilon: model.rmsEpsilon, add: false }),
    createMultiply(context, { matrix: output.matrix, x: normed, y: logits, add: false }),
    plain ? undefined : createScale(context, { y: logits, factor: logitScale, cap: logitCap }),
    createSelect(context, { logits, rows: LOGIT_ROWS, mask, wanted, results }),
  ]);
  return (encoder, first, end, request) => {
    for (let row = first; row < end; row += LOGIT_ROWS) {
      const tokens = Math.min(LOGIT_ROWS, end - row);
      const pass = { encoder, taskOffset: tasks.addTask({ tokens, first: row }) };
      norm(pass, tokens);
      multiply(pass, tokens);
      scale?.(pass, tokens);
      select(encoder, (task) => tasks.addTask(task), { ...request, tokens, result: row - first });
    }
  };
}

/**
 * Candidates from the words of one row of results.
 * @param wanted - wanted logits of other requests that come before this one's
 */
export function readCandidates(words: Uint32Array, row: number, request: CandidateRequest, wanted = 0): Candidates {
  const result = words.subarray(row * RESULT_WORDS, (row + 1) * RESULT_WORDS);
  const floats = new Float32Array(result.buffer, result.byteOffset, result.length);
  const ids: number[] = [];
  // A mask may allow fewer tokens than were asked for.
  for (let rank = 0; rank < request.count && result[2 * rank + 1] !== NO_TOKEN; rank++) ids.push(result[2 * rank + 1]!);
  return {
    ids: Uint32Array.from(ids),
    logits: Float32Array.from(ids, (_, rank) => floats[2 * rank]!),
    logSumExp: floats[RESULT_LOG_SUM_EXP]!,
    wantedLogits: floats.slice(RESULT_WANTED + wanted, RESULT_WANTED + wanted + request.wantedIds.length),
  };
}
