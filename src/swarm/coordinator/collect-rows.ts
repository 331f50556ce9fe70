import { ShoalError } from '../../core/errors.ts';
import type { Candidates, ResultFrame } from '../../protocol/frames.ts';
import type { FrameExchange } from '../frames/frame-exchange.ts';

/** Results of all positions of a task. */
export interface CollectedRows {
  readonly rows: readonly Candidates[];
  /** `[length, C]`, or empty where no rows were shown. */
  readonly hidden: Float32Array;
}

export interface WantedRows {
  readonly session: string;
  readonly task: number;
  readonly from: string;
  /** Positions. */
  readonly length: number;
}

/**
 * Gathers the results of one task number from now on, until they are of all positions.
 * @param width - C
 */
export function collectRows(
  exchange: FrameExchange,
  width: number,
  wanted: WantedRows,
  signal: AbortSignal,
): { readonly done: Promise<CollectedRows>; readonly stop: () => void } {
  const { promise, resolve, reject } = Promise.withResolvers<CollectedRows>();
  promise.catch(() => undefined);
  const parts: ResultFrame[] = [];
  let positions = 0;
  const giveUp = () => reject(new ShoalError('timeout', 'A check takes too long, or is not wanted any more.'));
  signal.addEventListener('abort', giveUp);
  const stopListening = exchange.onFrame(({ from, frame }) => {
    if (frame.session !== wanted.session || frame.task !== wanted.task || frame.kind === 'task') return;
    if (from !== wanted.from) return;
    if (frame.kind === 'error') return reject(new ShoalError(frame.error.code, frame.error.message));
    parts.push(frame);
    positions += frame.hidden ? frame.hidden.length / width : frame.rows.length;
    if (positions < wanted.length) return;
    const hidden = new Float32Array(positions * width);
    let offset = 0;
    for (const part of parts) {
      if (!part.hidden) continue;
      hidden.set(part.hidden, offset);
      offset += part.hidden.length;
    }
    resolve({ rows: parts.flatMap(({ rows }) => rows), hidden });
  });
  const stop = () => {
    stopListening();
    signal.removeEventListener('abort', giveUp);
  };
  return { done: promise, stop };
}
