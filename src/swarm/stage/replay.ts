import type { RouteStage, TaskFrame } from '../../protocol/frames.ts';

/** Nothing to sample: a result only says that the positions are done. */
export const NO_CANDIDATES: TaskFrame['candidates'] = { rows: 'none', count: 1, wantedIds: new Uint32Array() };

/** Every row, for whoever checks them. */
export const ALL_ROWS: TaskFrame['candidates'] = { rows: 'all', count: 32, wantedIds: new Uint32Array() };

/** A task that fills the caches of the stages in `route` and asks for nothing more unless `show` says so. @param task - the filling's number */
export function replayTask(
  session: string,
  task: number,
  coordinator: string,
  route: readonly RouteStage[],
  position: number,
  input: TaskFrame['input'],
  show = false,
): TaskFrame {
  return {
    kind: 'task',
    session,
    task,
    coordinator,
    route,
    position,
    input,
    candidates: show ? ALL_ROWS : NO_CANDIDATES,
    timings: [],
  };
}
