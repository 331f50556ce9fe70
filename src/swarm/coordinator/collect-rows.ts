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
  const stop = () => {
    stopListening();
    signal.removeEventListener('abort', giveUp);
  };
  const stopListening = exchange.onFrame(({ from, frame }) => {
    if (frame.session !== wanted.session || frame.task !== wanted.task || frame.kind === 'task') return;
    if (from !== wanted.from) return;
    if (frame.kind === 'error') return reject(new ShoalError(frame.error.code, frame.error.message));
    const count = positionsOf(frame, width);
    positions += count;
    // Nothing is compared but just the rows that were asked for: what an honest stage has signed would differ from more.
    if (
      !(Number.isInteger(count) && count > 0 && positions <= wanted.length) ||
      isShown(frame) !== isShown(parts[0] ?? frame)
    ) {
      stop();
      return reject(new ShoalError('bad-result', `Other rows came than the ${wanted.length} that were asked for.`));
    }
    parts.push(frame);
    if (positions < wanted.length) return;
    stop();
    const hidden = new Float32Array(isShown(frame) ? positions * width : 0);
    let offset = 0;
    for (const part of parts) {
      if (!part.hidden) continue;
      hidden.set(part.hidden, offset);
      offset += part.hidden.length;
    }
    resolve({ rows: parts.flatMap(({ rows }) => rows), hidden });
  });
  return { done: promise, stop };
}

function isShown({ hidden }: ResultFrame): boolean {
  return hidden !== undefined;
}

/** Positions that a result is of. */
function positionsOf({ hidden, rows }: ResultFrame, width: number): number {
  return hidden ? hidden.length / width : rows.length;
}
