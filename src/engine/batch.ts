import { sameLayers } from '../core/ranges.ts';
import type { CandidateRequest, Candidates } from '../protocol/frames.ts';
import { MAX_WANTED_IDS } from '../protocol/limits.ts';
import { wantedRows } from './check-task.ts';
import { MAX_BATCH_TASKS, type StageOutput, type StageTask } from './layer-runner.ts';
import type { Session } from './session.ts';

/** A task that fits its session and the model; the executors trust it. */
export interface CheckedTask {
  readonly task: StageTask;
  /** Holds pages for the task's positions. */
  readonly session: Session;
  /** T, the task's positions. */
  readonly tokens: number;
}

/**
 * Splits tasks, in their order, into passes. Tasks share a pass where weights are read once for all of them without
 * changing a bit of any result: single positions of different sessions in the same layers, whose wanted ids fit a
 * request together. A vocabulary mask is its task's own.
 * @param width - C
 */
export function planPasses(tasks: readonly StageTask[], width: number): StageTask[][] {
  const passes: StageTask[][] = [];
  for (const task of tasks) {
    const pass = passes.at(-1);
    if (pass && joins(pass, task, width)) pass.push(task);
    else passes.push([task]);
  }
  return passes;
}

function joins(pass: readonly StageTask[], task: StageTask, width: number): boolean {
  const all = [...pass, task];
  const { layers } = task;
  return (
    all.length <= MAX_BATCH_TASKS &&
    all.every((other) => isSingle(other, width) && other.candidates?.mask === undefined) &&
    pass.every((other) => sameLayers(other.layers, layers)) &&
    pass.every((other) => other.session !== task.session) &&
    all.reduce((sum, { candidates }) => sum + (candidates?.wantedIds.length ?? 0), 0) <= MAX_WANTED_IDS
  );
}

function isSingle({ input }: StageTask, width: number): boolean {
  return input.dtype === 'u32' ? input.ids.length === 1 : input.hidden.length === width;
}

/**
 * The requests that the last rows of a pass answer: one for each row whose candidates are computed. Of several tasks
 * all rows are, if any is wanted.
 */
export function rowRequests(pass: readonly CheckedTask[]): CandidateRequest[] {
  const wanted = pass.map(({ task, tokens }) => wantedRows(task, tokens));
  if (pass.length === 1) return new Array<CandidateRequest>(wanted[0]!).fill(pass[0]!.task.candidates!);
  return wanted.some((rows) => rows > 0) ? pass.map(({ task }) => task.candidates!) : [];
}

/** The candidates of a pass's rows, those of `rowRequests`, as its tasks' outputs. */
export function dealRows(pass: readonly CheckedTask[], rows: readonly Candidates[]): Pick<StageOutput, 'rows'>[] {
  if (pass.length === 1) return [{ rows }];
  return pass.map(({ task, tokens }, index) => ({ rows: wantedRows(task, tokens) > 0 ? [rows[index]!] : [] }));
}
