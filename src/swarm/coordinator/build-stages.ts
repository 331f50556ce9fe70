import { type QueuePlace, ShoalError } from '../../core/errors.ts';
import type { LayerRange } from '../../core/ranges.ts';
import type { RouteStage } from '../../protocol/frames.ts';
import { MAX_QUEUED_TASKS_PER_PEER, MAX_TASK_TOKENS } from '../../protocol/limits.ts';
import type { PositionRange } from '../stage/kept-outputs.ts';
import { replayTask } from '../stage/replay.ts';
import { awaitTasks } from './await-tasks.ts';
import type { PipelineDependencies } from './pipeline-dependencies.ts';
import type { Restoring } from './restoring.ts';
import { neighboursOf, type Routes } from './route-links.ts';

/** Openings of this tab so far, of all its sessions: a closing says which of them it is meant for. */
let openings = 0;

interface Refusal {
  readonly stage: RouteStage;
  readonly error: ShoalError;
}

/** Some nodes did not open a session's place, and not for want of room; speaks as the first of them. */
export class StagesFailed extends ShoalError {
  readonly failed: readonly RouteStage[];
  /** The stages that opened. */
  readonly opened: readonly RouteStage[];
  /** Positions of one task that those take. */
  readonly maxTaskTokens: number;

  constructor(refusals: readonly Refusal[], opened: readonly RouteStage[], maxTaskTokens: number) {
    const [{ error }] = refusals as [Refusal];
    super(error.code, error.message, { cause: error });
    this.failed = refusals.map(({ stage }) => stage);
    this.opened = opened;
    this.maxTaskTokens = maxTaskTokens;
  }
}

/** Some nodes had no room. */
export class NodesFull extends ShoalError {
  readonly full: readonly RouteStage[];
  /** The stages that had. */
  readonly opened: readonly RouteStage[];
  /** Positions of one task that those take. */
  readonly maxTaskTokens: number;
  /** In the longest of the queues. */
  readonly place: QueuePlace;

  constructor(refusals: readonly Refusal[], opened: readonly RouteStage[], maxTaskTokens: number) {
    super('busy', refusals.map(({ error }) => error.message).join(' '));
    this.full = refusals.map(({ stage }) => stage);
    this.opened = opened;
    this.maxTaskTokens = maxTaskTokens;
    const queues = refusals.map(({ error }) => error.queue ?? { place: 1, seconds: 1 });
    this.place = queues.reduce((longest, queue) => (queue.seconds > longest.seconds ? queue : longest));
  }
}

export interface StagesOpening {
  readonly session: string;
  readonly stages: readonly RouteStage[];
  /** The session's routes, with these stages on one of them. */
  readonly routes: Routes;
  /** Positions that the session may come to hold. */
  readonly maxTokens: number;
  /** Tasks before it are meant for an earlier place of the session, and void. */
  readonly firstTask: number;
  /** Whether the stages keep hashes of its rows. */
  readonly hashes: boolean;
  /** What the stages may have kept of it. */
  readonly restoring?: Restoring | undefined;
}

/**
 * Opens a session's places at `stages`.
 * @returns the positions of one task that every one of them takes
 * @throws NodesFull when nothing but room is missing
 * @throws StagesFailed with those that did not open for another reason
 */
export async function openStages(
  deps: PipelineDependencies,
  { session, stages, routes, maxTokens, firstTask, hashes, restoring }: StagesOpening,
  signal?: AbortSignal,
): Promise<number> {
  const { exchange, commands } = deps;
  const opening = ++openings;
  const opened = await Promise.allSettled(
    stages.map(async (stage) => {
      const { peerId, layers } = stage;
      // The channel's heartbeat tells within seconds when a stage vanishes, also one that is no neighbour.
      await exchange.reach(peerId, signal);
      const place = { session, layers, ...neighboursOf(stage, routes, exchange.peerId) };
      const limits = { max_tokens: maxTokens, first_task: firstTask, hashes, opening };
      const checkpoint = restoring?.nameOf(layers);
      const answer = await commands.send(peerId, 'OPEN_SESSION', { ...place, ...limits, checkpoint }, signal);
      if (checkpoint !== undefined) restoring?.note(stage, answer.restored);
      return answer;
    }),
  );
  // All have answered: whoever closes them after a failure closes every one.
  const refusals: Refusal[] = [];
  const limits: number[] = [];
  for (const [index, result] of opened.entries()) {
    if (result.status === 'fulfilled') limits.push(result.value.max_task_tokens);
    else refusals.push({ stage: stages[index]!, error: ShoalError.from(result.reason) });
  }
  const failed = refusals.filter(({ error }) => error.code !== 'busy');
  const good = stages.filter((stage) => !refusals.some((refusal) => refusal.stage === stage));
  const maxTaskTokens = Math.min(MAX_TASK_TOKENS, ...limits);
  if (failed.length > 0) throw new StagesFailed(failed, good, maxTaskTokens);
  if (refusals.length === 0) return maxTaskTokens;
  throw new NodesFull(refusals, good, maxTaskTokens);
}

/**
 * Gives the session's places at `stages` back, those that were asked for until now; a node that does not answer has
 * nothing to give.
 */
export async function closeStages(
  { commands }: PipelineDependencies,
  session: string,
  stages: readonly RouteStage[],
): Promise<void> {
  const opening = openings;
  await Promise.allSettled(
    stages.map(({ peerId, layers }) => commands.send(peerId, 'CLOSE_SESSION', { session, layers, opening })),
  );
}

/** Gives all the session's places at the nodes of its route back: it is over. */
export async function closeRoute(
  { commands }: PipelineDependencies,
  session: string,
  route: readonly RouteStage[],
): Promise<void> {
  const opening = openings;
  await Promise.allSettled(route.map(({ peerId }) => commands.send(peerId, 'CLOSE_SESSION', { session, opening })));
}

/** The layers of neighbouring stages together. */
export function layersOf(stages: readonly RouteStage[]): LayerRange {
  return { start: stages[0]!.layers.start, end: stages.at(-1)!.layers.end };
}

export interface StageFilling {
  readonly session: string;
  /** Its number, from `Pipeline.beginFilling`. */
  readonly task: number;
  /** Keeps the outputs that fill the new stages; without it they are the first, and the ids fill them. */
  readonly before: RouteStage | undefined;
  readonly stages: readonly RouteStage[];
  /** The session's tokens, at least up to the end of `positions`. */
  readonly ids: readonly number[];
  readonly positions: PositionRange;
  readonly maxTaskTokens: number;
  /** Whether the last of the new stages is to send its rows here. */
  readonly show?: boolean;
}

/** Tasks of a filling that new stages have waiting at once: a quarter of what a node keeps waiting of one tab. */
const FILLING_TASKS = MAX_QUEUED_TASKS_PER_PEER / 4;

/**
 * Sends the caches of new stages what they lack, no more at once than they take. Resolves when the last of it is on its
 * way: what follows on the same way stays behind it.
 * @throws ShoalError `limit-exceeded` when it is not kept any more, `peer-gone`, `peer-unreachable`, `timeout`, `aborted`,
 * and what a new stage answers
 */
export async function fillStages(
  deps: PipelineDependencies,
  filling: StageFilling,
  signal?: AbortSignal,
): Promise<void> {
  const { session, task, before, stages, maxTaskTokens } = filling;
  const { start, end } = filling.positions;
  const step = FILLING_TASKS * maxTaskTokens;
  const peers = peersOf(before, stages);
  let position = start;
  for (; position + step < end; position += step) {
    const computed = awaitTasks(deps.exchange, { session, task, peers, count: FILLING_TASKS }, signal);
    try {
      await fillPart(deps, { ...filling, positions: { start: position, end: position + step } }, signal);
      await computed.done;
    } finally {
      computed.stop();
    }
  }
  await fillPart(deps, { ...filling, positions: { start: position, end } }, signal);
}

/** Who may tell that a task of a filling is done, or has failed: what a new stage refuses is heard of from the one before. */
export function peersOf(before: RouteStage | undefined, stages: readonly RouteStage[]): string[] {
  return [...(before ? [before] : []), ...stages].map(({ peerId }) => peerId);
}

async function fillPart(
  { exchange, commands }: PipelineDependencies,
  { session, task, before, stages, ids, positions, maxTaskTokens, show = false }: StageFilling,
  signal?: AbortSignal,
): Promise<void> {
  const { start, end } = positions;
  if (before) {
    const route = stages.map(({ peerId, layers }) => ({ peer_id: peerId, layers }));
    const range = { position: start, length: end, max_tokens: maxTaskTokens };
    const what = { session, layers: before.layers, task, ...range, route, show };
    await commands.send(before.peerId, 'REPLAY_SESSION', what, signal);
    return;
  }
  for (let position = start; position < end; position += maxTaskTokens) {
    const chunk = Uint32Array.from(ids.slice(position, Math.min(position + maxTaskTokens, end)));
    const frame = replayTask(session, task, exchange.peerId, stages, position, { dtype: 'u32', ids: chunk }, show);
    await exchange.deliver(stages[0]!.peerId, frame, signal);
  }
}
