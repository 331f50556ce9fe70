import { ShoalError } from '../../core/errors.ts';
import { sameLayers } from '../../core/ranges.ts';
import type { CandidateRequest, Candidates, ResultFrame, RouteStage } from '../../protocol/frames.ts';

/** What was asked of the last stage. */
export interface ResultWanted {
  /** T, of the task. */
  readonly tokens: number;
  readonly candidates: CandidateRequest;
  /** The stages that were to do it. */
  readonly route: readonly RouteStage[];
  /** V */
  readonly vocabularySize: number;
}

/**
 * Checks a result against its request: whatever the last stage sends, what is drawn from it is a token of the model.
 * @throws ShoalError `bad-result` that says what is wrong
 */
export function checkResult({ rows, timings }: ResultFrame, wanted: ResultWanted): void {
  const { candidates, tokens, route } = wanted;
  const count = candidates.rows === 'none' ? 0 : candidates.rows === 'last' ? 1 : tokens;
  if (rows.length !== count) throw bad(`${rows.length} rows, expected ${count}`);
  for (const row of rows) checkRow(row, wanted);
  const agree = timings.every(({ peerId, layers }, place) => {
    const stage = route[place];
    return stage?.peerId === peerId && sameLayers(stage.layers, layers);
  });
  if (timings.length !== route.length || !agree) throw bad('the times of other stages than those of the route');
}

function checkRow({ ids, logits, logSumExp, wantedLogits }: Candidates, wanted: ResultWanted): void {
  const { candidates, vocabularySize } = wanted;
  const { count, wantedIds, mask } = candidates;
  if (ids.length > count || (ids.length === 0 && !mask)) throw bad(`${ids.length} candidates, expected ${count}`);
  if (ids.some((id) => id >= vocabularySize)) throw bad(`a token beyond the vocabulary of ${vocabularySize}`);
  if (new Set(ids).size < ids.length) throw bad('a token twice');
  if (mask && ids.some((id) => ((mask[id >> 5]! >>> (id % 32)) & 1) === 0)) throw bad('a token that is not allowed');
  const descending = logits.every((logit, rank) => rank === 0 || logit <= logits[rank - 1]!);
  if (!logits.every(Number.isFinite) || !descending) throw bad('logits that are not finite, or in no order');
  if (wantedLogits.length !== wantedIds.length || wantedLogits.some(Number.isNaN))
    throw bad('other logits than were wanted');
  if (Number.isNaN(logSumExp) || (ids.length > 0 && !(logSumExp >= logits[0]! - slack(logits[0]!))))
    throw bad(`a sum over the vocabulary of ${logSumExp}, less than its largest part`);
}

/** What rounding to f32 may take away. */
function slack(logit: number): number {
  return 1e-3 + Math.abs(logit) * 1e-5;
}

function bad(found: string): ShoalError {
  return new ShoalError('bad-result', `A result has ${found}.`);
}
