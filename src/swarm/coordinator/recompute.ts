import { randomId } from '../../core/bytes.ts';
import type { LayerRange } from '../../core/ranges.ts';
import { positionsOf, type TaskFrame } from '../../protocol/frames.ts';
import { replayTask } from '../stage/replay.ts';
import { closeStages, openStages } from './build-stages.ts';
import { collectRows } from './collect-rows.ts';
import type { PipelineDependencies } from './pipeline-dependencies.ts';

/**
 * What this tab's own runner makes of these tokens or rows `[T, C]`, from position 0 on.
 * @param layers - that this tab serves; not the last, which give no rows
 * @returns `[T, C]`
 * @throws ShoalError `shard-not-loaded`, `busy`, as the stage answers; `aborted`
 */
export async function recompute(
  deps: PipelineDependencies,
  layers: LayerRange,
  input: TaskFrame['input'],
  signal: AbortSignal,
): Promise<Float32Array> {
  const { exchange, width } = deps;
  const own = exchange.peerId;
  const session = randomId();
  const stages = [{ peerId: own, layers }];
  const length = positionsOf(input, width);
  const computed = collectRows(exchange, width, { session, task: 0, from: own, length }, signal);
  try {
    const opening = { session, stages, routes: [stages], maxTokens: length, firstTask: 0, hashes: false };
    const tokens = await openStages(deps, opening, signal);
    for (let position = 0; position < length; position += tokens) {
      const part = partOf(input, position, Math.min(position + tokens, length), width);
      await exchange.deliver(own, replayTask(session, 0, own, stages, position, part, true), signal);
    }
    return (await computed.done).hidden;
  } finally {
    computed.stop();
    await closeStages(deps, session, stages);
  }
}

/** Positions `[start, end)` as a copy: the runner takes its memory. */
function partOf(input: TaskFrame['input'], start: number, end: number, width: number): TaskFrame['input'] {
  if (input.dtype === 'u32') return { dtype: 'u32', ids: input.ids.slice(start, end) };
  return { dtype: 'f32', hidden: input.hidden.slice(start * width, end * width) };
}
