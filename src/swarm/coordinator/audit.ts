import { ShoalError } from '../../core/errors.ts';
import type { Candidates, ResultFrame, RouteStage } from '../../protocol/frames.ts';
import { closeStages, fillStages, openStages } from './build-stages.ts';
import { candidatesDifference, rowDifference } from './compare-rows.ts';
import type { Pipeline } from './pipeline.ts';
import type { PipelineDependencies } from './pipeline-dependencies.ts';
import { linkStages } from './route-links.ts';

/** An answer that has ended: its session stands still. */
export interface Answered {
  readonly pipeline: Pipeline;
  /** The session's tokens. */
  readonly ids: readonly number[];
  /** What the last stage gave, by position. */
  readonly given: ReadonlyMap<number, Candidates>;
}

/** What is checked: a stage of an answer. */
export interface AuditSubject extends Answered {
  /** Of the stage in the route. */
  readonly place: number;
}

/** One who is there did not answer what a check asked. */
export class Withheld extends ShoalError {
  readonly peerId: string;

  constructor(peerId: string, { code, message }: ShoalError) {
    super(code, message);
    this.peerId = peerId;
  }
}

/** What a replay of a stage elsewhere has shown. */
export type AuditResult =
  /** Both computed, and so far apart is what they gave. */
  | { readonly kind: 'compared'; readonly difference: number }
  /** What two neighbours say of the rows between them does not agree. */
  | { readonly kind: 'link'; readonly sender: string; readonly receiver: string }
  /** One shows other rows than it has sent. */
  | { readonly kind: 'false-rows'; readonly peerId: string };

const AUDIT_TIMEOUT_MS = 60_000;
const END_TIMEOUT_MS = 1000;

/**
 * Has `holder` compute what the stage has computed, from the rows that it was sent, and compares. That they are the same
 * rows is told by the hashes that each stage kept of what came and went while the answer was made.
 * @throws Withheld when somebody does not do his part
 * @throws ShoalError when it cannot be done for another reason, which says nothing of anybody
 */
export async function auditStage(
  deps: PipelineDependencies,
  { pipeline, place, ids, given }: AuditSubject,
  holder: string,
  signal: AbortSignal,
): Promise<AuditResult> {
  const { session, route, confirmed: length } = pipeline;
  const stage = route[place]!;
  const [before, after] = [route[place - 1], route[place + 1]];
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(AUDIT_TIMEOUT_MS)]);
  const part = async <T>(peerId: string, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (signal.aborted || !deps.exchange.isOpen(peerId)) throw error;
      throw new Withheld(peerId, ShoalError.from(error));
    }
  };
  const hashes = ({ peerId, layers }: RouteStage) =>
    part(peerId, deps.commands.send(peerId, 'GET_HASHES', { session, layers, length }, bounded));
  const [own, theirs, next] = await Promise.all([hashes(stage), before && hashes(before), after && hashes(after)]);
  if (before && theirs!.rows_out !== own.rows_in)
    return { kind: 'link', sender: before.peerId, receiver: stage.peerId };
  if (after && next!.rows_in !== own.rows_out) return { kind: 'link', sender: stage.peerId, receiver: after.peerId };

  const second: RouteStage = { peerId: holder, layers: stage.layers };
  const withSecond = [...route.slice(0, place), second];
  const task = pipeline.beginFilling();
  const shownTask = pipeline.beginFilling();
  const computed = collect(deps, { session, task, from: holder, length }, bounded);
  const shown = collect(deps, { session, task: shownTask, from: stage.peerId, length }, bounded);
  try {
    const opened = { session, stages: [second], routes: [withSecond], maxTokens: length, firstTask: task };
    const opening = openStages(deps, { ...opened, hashes: true }, bounded);
    const taken = Math.min(pipeline.maxTaskTokens, await part(holder, opening));
    if (before) await linkStages(deps, session, [before], [route, withSecond], bounded);
    const positions = { start: 0, end: length };
    const filling = { session, task, before, stages: [second], ids, positions, maxTaskTokens: taken, show: true };
    await fillStages(deps, filling, bounded);
    if (!after)
      return { kind: 'compared', difference: givenDifference(given, (await part(holder, computed.done)).rows) };
    const show = { session, layers: stage.layers, task: shownTask, position: 0, length, max_tokens: taken };
    await part(stage.peerId, deps.commands.send(stage.peerId, 'SHOW_SESSION', show, bounded));
    const told = await part(stage.peerId, shown.done);
    const again = await part(holder, computed.done);
    const replayed = await hashes(second);
    if (before && replayed.rows_in !== own.rows_in) return { kind: 'false-rows', peerId: before.peerId };
    if ((await deps.digest(told.hidden)) !== own.rows_out) return { kind: 'false-rows', peerId: stage.peerId };
    return { kind: 'compared', difference: rowDifference(told.hidden, again.hidden, deps.width) };
  } finally {
    computed.stop();
    shown.stop();
    const closed = closeStages(deps, session, [second]);
    const linked = before ? linkStages(deps, session, [before], [route]).catch(() => undefined) : undefined;
    // The next question may wait for this: not for whoever has gone.
    await Promise.race([Promise.all([closed, linked]), new Promise((resolve) => setTimeout(resolve, END_TIMEOUT_MS))]);
  }
}

interface Collected {
  readonly rows: readonly Candidates[];
  readonly hidden: Float32Array;
}

/** Gathers the results of one task number until they are of all positions. */
function collect(
  { exchange, width }: PipelineDependencies,
  wanted: { readonly session: string; readonly task: number; readonly from: string; readonly length: number },
  signal: AbortSignal,
): { readonly done: Promise<Collected>; readonly stop: () => void } {
  const { promise, resolve, reject } = Promise.withResolvers<Collected>();
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

function givenDifference(given: ReadonlyMap<number, Candidates>, rows: readonly Candidates[]): number {
  const differences = [...given]
    .filter(([position]) => position < rows.length)
    .map(([position, candidates]) => candidatesDifference(candidates, rows[position]!));
  return Math.max(0, ...differences);
}
