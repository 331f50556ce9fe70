import { ShoalError } from '../../core/errors.ts';
import type { FrameExchange } from '../frames/frame-exchange.ts';

/** Some tasks of one number of a session, on their way through a few stages. */
export interface AwaitedTasks {
  readonly session: string;
  /** Their number. */
  readonly task: number;
  /** Peers of the stages. */
  readonly peers: readonly string[];
  /** How many. */
  readonly count: number;
}

/** Stages of which nothing was heard for so long are no help. */
const STALL_MS = 60_000;

/**
 * Waits until so many tasks are done from now on.
 * @returns `done`, which rejects with the stage's error, `peer-gone`, `timeout` when nothing more is done, `aborted`
 */
export function awaitTasks(
  exchange: FrameExchange,
  { session, task, peers, count }: AwaitedTasks,
  signal?: AbortSignal,
): { readonly done: Promise<void>; readonly stop: () => void } {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Given up while something else fails by itself, it has nobody who waits for it.
  promise.catch(() => undefined);
  let left = count;
  const stall = () => reject(new ShoalError('timeout', 'Stages that are filled take too long.'));
  let timer = setTimeout(stall, STALL_MS);
  const giveUp = () => reject(new ShoalError('aborted', 'The filling of a stage is not wanted any more.'));
  signal?.addEventListener('abort', giveUp);
  const cleanups = [
    () => clearTimeout(timer),
    () => signal?.removeEventListener('abort', giveUp),
    exchange.onGone((peerId) => {
      if (peers.includes(peerId)) reject(new ShoalError('peer-gone', `The node ${peerId} went while it was filled.`));
    }),
    exchange.onFrame(({ from, frame }) => {
      if (frame.kind === 'task' || frame.session !== session || frame.task !== task || !peers.includes(from)) return;
      if (frame.kind === 'error') return reject(new ShoalError(frame.error.code, frame.error.message));
      clearTimeout(timer);
      timer = setTimeout(stall, STALL_MS);
      if (--left === 0) resolve();
    }),
  ];
  const stop = () => {
    for (const cleanup of cleanups) cleanup();
  };
  return { done: promise, stop };
}
