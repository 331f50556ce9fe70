import { ShoalError } from '../core/errors.ts';
import { formatLayers } from '../core/ranges.ts';
import type { Hyperparameters } from '../model/hyperparameters.ts';
import { type CandidateRequest, positionsOf } from '../protocol/frames.ts';
import { MAX_CANDIDATES, MAX_WANTED_IDS } from '../protocol/limits.ts';
import { allFinite } from './finite.ts';
import type { StageTask } from './layer-runner.ts';
import type { Session } from './session.ts';

/**
 * Checks a task against its session and the model; the kernels trust it from there on.
 * @returns T, its token positions
 * @throws ShoalError `bad-request` naming what does not fit, `bad-input` for what another stage has made, `context-full`
 */
export function checkTask(task: StageTask, session: Session, model: Hyperparameters, maxTaskTokens: number): number {
  const { layers, position, input, candidates } = task;
  const { layerCount, vocabularySize } = model;
  if (layers.start !== session.layers.start || layers.end !== session.layers.end)
    throw bad(`layers ${formatLayers(layers)}`, `the session's, ${formatLayers(session.layers)}`);
  if (position !== session.length) throw bad(`position ${position}`, `the session's length, ${session.length}`);
  const tokens = positionsOf(input, model.width);
  const dtype = layers.start === 0 ? 'u32' : 'f32';
  if (input.dtype !== dtype) throw bad(`an input of ${input.dtype}`, `${dtype} for layer ${layers.start}`);
  if (!Number.isInteger(tokens)) throw bad(`hidden states of ${tokens} rows`, `whole rows of ${model.width}`);
  if (tokens < 1 || tokens > maxTaskTokens) throw bad(`${tokens} positions`, `1 to ${maxTaskTokens}`);
  if (input.dtype === 'u32') checkIds(input.ids, vocabularySize);
  else if (!allFinite(input.hidden))
    throw new ShoalError('bad-input', 'The stage before sent hidden states that are no finite numbers.');
  if (candidates && layers.end !== layerCount) throw bad('a wish for candidates', `none before layer ${layerCount}`);
  if (!candidates && layers.end === layerCount) throw bad('no wish for candidates', 'one at the last layer');
  if (candidates) checkCandidates(candidates, vocabularySize);
  if (position + tokens > session.maxTokens) {
    throw new ShoalError(
      'context-full',
      `The session holds ${session.maxTokens} tokens at most; ${position} are there and ${tokens} were to come.`,
    );
  }
  return tokens;
}

/** Rows at the task's end whose candidates are wanted. */
export function wantedRows({ candidates }: StageTask, tokens: number): number {
  if (!candidates || candidates.rows === 'none') return 0;
  return candidates.rows === 'last' ? 1 : tokens;
}

function checkCandidates({ count, wantedIds, mask }: CandidateRequest, vocabularySize: number): void {
  if (!Number.isInteger(count) || count < 0 || count > MAX_CANDIDATES)
    throw bad(`${count} candidates`, `0 to ${MAX_CANDIDATES}`);
  if (wantedIds.length > MAX_WANTED_IDS) throw bad(`${wantedIds.length} wanted ids`, `at most ${MAX_WANTED_IDS}`);
  checkIds(wantedIds, vocabularySize);
  const words = Math.ceil(vocabularySize / 32);
  if (mask && mask.length !== words) throw bad(`a mask of ${mask.length} words`, `${words}`);
}

function checkIds(ids: Uint32Array, vocabularySize: number): void {
  const foreign = ids.find((id) => id >= vocabularySize);
  if (foreign !== undefined) throw bad(`token ${foreign}`, `ids below ${vocabularySize}`);
}

function bad(found: string, expected: string): ShoalError {
  return new ShoalError('bad-request', `The task has ${found}; expected ${expected}.`);
}
