import { ShoalError } from '../../core/errors.ts';
import type { SignedRows } from '../../protocol/commands.ts';
import type { Candidates, RouteStage, TaskFrame } from '../../protocol/frames.ts';
import { MAX_EVIDENCE_TOKENS } from '../../protocol/limits.ts';
import { awaitTasks } from './await-tasks.ts';
import { closeStages, fillStages, openStages, peersOf } from './build-stages.ts';
import { collectRows } from './collect-rows.ts';
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
  /** Both computed, and so far apart is what they gave; with what the stage has signed and shown, where there was a difference to look at. */
  | { readonly kind: 'compared'; readonly difference: number; readonly shown?: ShownRows }
  /** What two neighbours say of the rows between them does not agree. */
  | { readonly kind: 'link'; readonly sender: string; readonly receiver: string }
  /** One shows other rows than it has sent. */
  | { readonly kind: 'false-rows'; readonly peerId: string };

/** Rows of a check, which travel up to three times: seconds of a slow network. */
const MAX_CHECKED_BYTES = 8 * 1024 * 1024;

/** Positions of an answer that are checked: of a long session the first. @param width - C */
export function checkedLength({ confirmed }: Pipeline, width: number): number {
  const fitting = Math.floor(MAX_CHECKED_BYTES / (width * Float32Array.BYTES_PER_ELEMENT));
  return Math.min(confirmed, MAX_EVIDENCE_TOKENS, fitting);
}

/** Rows that a stage says are those that it has sent. */
export interface ShownRows {
  readonly signed: SignedRows;
  /** `[length, C]` */
  readonly output: Float32Array;
}

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
  const { session, route } = pipeline;
  const length = checkedLength(pipeline, deps.width);
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
  const hashes = async ({ peerId, layers }: RouteStage): Promise<SignedRows> => {
    const of = { session, layers, length };
    const signed = { ...(await part(peerId, deps.commands.send(peerId, 'GET_HASHES', of, bounded))), ...of };
    if (await deps.statements.isBy(peerId, signed)) return signed;
    throw new Withheld(peerId, new ShoalError('bad-result', 'It has not signed what it says of its rows.'));
  };
  const [own, theirs, next] = await Promise.all([hashes(stage), before && hashes(before), after && hashes(after)]);
  if (before && theirs!.rows_out !== own.rows_in)
    return { kind: 'link', sender: before.peerId, receiver: stage.peerId };
  if (after && next!.rows_in !== own.rows_out) return { kind: 'link', sender: stage.peerId, receiver: after.peerId };

  const second: RouteStage = { peerId: holder, layers: stage.layers };
  const withSecond = [...route.slice(0, place), second];
  const task = pipeline.beginFilling();
  const stops: (() => void)[] = [];
  /** What comes from now on. */
  const expect = <T extends { readonly stop: () => void }>(awaited: T): T => {
    stops.push(awaited.stop);
    return awaited;
  };
  const positions = { start: 0, end: length };
  const filling = { session, task, before, stages: [second], ids, positions };
  try {
    const opened = { session, stages: [second], routes: [withSecond], maxTokens: length, firstTask: task };
    const opening = openStages(deps, { ...opened, hashes: true }, bounded);
    const maxTaskTokens = Math.min(pipeline.maxTaskTokens, await part(holder, opening));
    if (before) await linkStages(deps, session, [before], [route, withSecond], bounded);
    if (!after) {
      const computed = expect(collectRows(deps.exchange, deps.width, { session, task, from: holder, length }, bounded));
      await fillStages(deps, { ...filling, maxTaskTokens, show: true }, bounded);
      return { kind: 'compared', difference: givenDifference(given, (await part(holder, computed.done)).rows) };
    }
    const tasks = { session, task, peers: peersOf(before, [second]), count: Math.ceil(length / maxTaskTokens) };
    const computed = expect(awaitTasks(deps.exchange, tasks, bounded));
    await fillStages(deps, { ...filling, maxTaskTokens }, bounded);
    await part(holder, computed.done);
    const replayed = await hashes(second);
    if (before && replayed.rows_in !== own.rows_in) return { kind: 'false-rows', peerId: before.peerId };
    // Two runners of a kind give the same bits: then nobody need show any.
    if (replayed.rows_out === own.rows_out) return { kind: 'compared', difference: 0 };
    const show = async ({ peerId, layers }: RouteStage): Promise<Float32Array> => {
      const number = pipeline.beginFilling();
      const wanted = { session, task: number, from: peerId, length };
      const shown = expect(collectRows(deps.exchange, deps.width, wanted, bounded));
      const params = { session, layers, task: number, position: 0, length, max_tokens: maxTaskTokens };
      await part(peerId, deps.commands.send(peerId, 'SHOW_SESSION', params, bounded));
      return (await part(peerId, shown.done)).hidden;
    };
    const output = await show(stage);
    if ((await deps.digest(output)) !== own.rows_out) return { kind: 'false-rows', peerId: stage.peerId };
    const again = await show(second);
    if ((await deps.digest(again)) !== replayed.rows_out)
      throw new Withheld(holder, new ShoalError('bad-result', 'It shows other rows than it has computed.'));
    return { kind: 'compared', difference: rowDifference(output, again, deps.width), shown: { signed: own, output } };
  } finally {
    for (const stop of stops) stop();
    const closed = closeStages(deps, session, [second]);
    const linked = before ? linkStages(deps, session, [before], [route]).catch(() => undefined) : undefined;
    // The next question may wait for this: not for whoever has gone.
    await Promise.race([Promise.all([closed, linked]), new Promise((resolve) => setTimeout(resolve, END_TIMEOUT_MS))]);
  }
}

/**
 * What the stage was sent, as itself says it was: tokens, or rows that the stage before it shows.
 * @throws ShoalError when it cannot be had, or is something else
 */
export async function inputOf(
  { exchange, commands, width, digest }: PipelineDependencies,
  { pipeline, place, ids }: AuditSubject,
  { session, length, rows_in }: SignedRows,
  signal: AbortSignal,
): Promise<TaskFrame['input']> {
  const before = pipeline.route[place - 1];
  if (!before) return { dtype: 'u32', ids: Uint32Array.from(ids.slice(0, length)) };
  const { peerId, layers } = before;
  const task = pipeline.beginFilling();
  const shown = collectRows(exchange, width, { session, task, from: peerId, length }, signal);
  try {
    const show = { session, layers, task, position: 0, length, max_tokens: pipeline.maxTaskTokens };
    await commands.send(peerId, 'SHOW_SESSION', show, signal);
    const { hidden } = await shown.done;
    if ((await digest(hidden)) !== rows_in) throw new ShoalError('bad-result', 'Other rows are shown than were sent.');
    return { dtype: 'f32', hidden };
  } finally {
    shown.stop();
  }
}

function givenDifference(given: ReadonlyMap<number, Candidates>, rows: readonly Candidates[]): number {
  const differences = [...given]
    .filter(([position]) => position < rows.length)
    .map(([position, candidates]) => candidatesDifference(candidates, rows[position]!));
  return Math.max(0, ...differences);
}
