import { ShoalError } from '../../core/errors.ts';
import type { StageOutput } from '../../engine/layer-runner.ts';
import type { Frame, StageTiming, TaskFrame } from '../../protocol/frames.ts';
import type { FrameExchange } from '../frames/frame-exchange.ts';

/**
 * Sends a stage's output to the next stage of the route, or the last one's to the coordinator.
 * @param coordinator - of the session
 * @param timings - of the stages done, this one the last
 * @throws ShoalError `peer-gone` when the next stage does not answer; as the exchange when the coordinator does not
 */
export async function passOn(
  exchange: FrameExchange,
  frame: TaskFrame,
  coordinator: string,
  output: StageOutput,
  timings: readonly StageTiming[],
): Promise<void> {
  const { session, task, route, position, candidates, wire } = frame;
  const next = route[1];
  const shown = candidates.rows === 'all' && output.hidden ? { hidden: output.hidden } : {};
  const passed: Frame = next
    ? {
        kind: 'task',
        session,
        task,
        coordinator,
        route: route.slice(1),
        position,
        input: { dtype: 'f32', hidden: output.hidden! },
        candidates,
        wire,
        timings,
      }
    : { kind: 'result', session, task, rows: output.rows ?? [], ...shown, timings };
  try {
    await exchange.deliver(next?.peerId ?? coordinator, passed);
  } catch (error) {
    if (next)
      throw new ShoalError(
        'peer-gone',
        `The node with layers from ${next.layers.start} (${next.peerId}) does not answer: ${ShoalError.from(error).message}`,
      );
    throw error;
  }
}
