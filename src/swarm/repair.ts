import { ShoalError } from '../core/errors.ts';
import { log } from '../core/log.ts';
import { formatLayers } from '../core/ranges.ts';
import type { RouteStage } from '../protocol/frames.ts';
import { Pipeline, type PipelineDependencies } from './pipeline.ts';
import { replayTask } from './replay.ts';
import type { RoutePlanner } from './route-planner.ts';

/** A stage that does not roll back within this time is taken for lost: it is a round trip and no computing. */
const ROLL_BACK_TIMEOUT_MS = 2500;

/** How a node answers that is there but does not know the session any more. */
const FORGETFUL = new Set(['unknown-session', 'shard-not-loaded', 'gpu-lost']);

export interface RepairOptions extends PipelineDependencies {
  readonly routes: RoutePlanner;
  /** Positions the session may come to hold. */
  readonly maxTokens: number;
}

/**
 * Mends a broken pipeline: rolls every stage back to the last whole lap, finds who is lost, and rebuilds the caches of
 * those stages elsewhere by replaying what the stage before them has kept; the other stages keep theirs.
 *
 * @param ids - the session's tokens, at least those of the last whole lap
 * @returns the pipeline that goes on from there
 * @throws ShoalError when it cannot be mended like this; the session is then to be built anew
 */
export async function repairPipeline(
  options: RepairOptions,
  broken: Pipeline,
  ids: readonly number[],
  signal?: AbortSignal,
): Promise<Pipeline> {
  const startedAtMs = performance.now();
  const { session, confirmed, route } = broken;
  const { kept, lost } = await rollBack(options, broken, signal);
  const mended: RouteStage[] = [];
  let maxTaskTokens = broken.maxTaskTokens;
  for (const run of runsOf(route, kept)) {
    if (kept.has(run[0]!)) {
      mended.push(...run);
      continue;
    }
    const layers = { start: run[0]!.layers.start, end: run.at(-1)!.layers.end };
    const replacement = await options.routes.planRange(layers, lost, signal);
    checkApart(replacement, route, kept);
    maxTaskTokens = Math.min(maxTaskTokens, await openStages(options, session, replacement, signal));
    await replay(options, session, mended.at(-1), replacement, ids.slice(0, confirmed), maxTaskTokens, signal);
    mended.push(...replacement);
    const ms = (performance.now() - startedAtMs).toFixed(0);
    log.info(
      'ROUTE',
      `Layers ${formatLayers(layers)}: ${names(run)} left, ${names(replacement)} took over after ${ms} ms, ${confirmed} positions replayed`,
    );
  }
  return Pipeline.resume(options, broken, mended, maxTaskTokens);
}

/** @returns the stages that rolled back, and the peers that did not answer at all */
async function rollBack(
  { commands }: RepairOptions,
  broken: Pipeline,
  signal?: AbortSignal,
): Promise<{ kept: Set<RouteStage>; lost: Set<string> }> {
  const { route, session, confirmed, gone, nextTask } = broken;
  const timeout = AbortSignal.timeout(ROLL_BACK_TIMEOUT_MS);
  const bounded = signal ? AbortSignal.any([signal, timeout]) : timeout;
  const kept = new Set<RouteStage>();
  const lost = new Set(gone);
  await Promise.all(
    route.map(async (stage) => {
      if (gone.has(stage.peerId)) return;
      try {
        await commands.send(
          stage.peerId,
          'TRUNCATE_SESSION',
          { session, position: confirmed, first_task: nextTask },
          bounded,
        );
        kept.add(stage);
      } catch (error) {
        // A node that has lost its device is there, has forgotten the session, and may serve again in a moment.
        if (!FORGETFUL.has(ShoalError.from(error).code)) lost.add(stage.peerId);
      }
    }),
  );
  signal?.throwIfAborted();
  return { kept, lost };
}

/** The route in runs of neighbours that are all kept or all lost. */
function runsOf(route: readonly RouteStage[], kept: ReadonlySet<RouteStage>): RouteStage[][] {
  const runs: RouteStage[][] = [];
  for (const stage of route) {
    const run = runs.at(-1);
    if (run && kept.has(run[0]!) === kept.has(stage)) run.push(stage);
    else runs.push([stage]);
  }
  return runs;
}

/** One session has one layer range at a node: a node that is in the route already cannot take a second place. */
function checkApart(
  replacement: readonly RouteStage[],
  route: readonly RouteStage[],
  kept: ReadonlySet<RouteStage>,
): void {
  const busy = route.filter((stage) => kept.has(stage)).map(({ peerId }) => peerId);
  if (!replacement.some(({ peerId }) => busy.includes(peerId))) return;
  throw new ShoalError('bad-request', 'The node that could take over has another place in this route already.');
}

async function openStages(
  { exchange, commands, maxTokens }: RepairOptions,
  session: string,
  stages: readonly RouteStage[],
  signal?: AbortSignal,
): Promise<number> {
  const opened = await Promise.all(
    stages.map(async ({ peerId, layers }) => {
      await exchange.reach(peerId, signal);
      return commands.send(peerId, 'OPEN_SESSION', { session, layers, max_tokens: maxTokens }, signal);
    }),
  );
  return Math.min(...opened.map(({ max_task_tokens }) => max_task_tokens));
}

/** Fills the caches of `stages` with positions `[0, ids.length)`. What follows on the same way stays behind it. */
async function replay(
  { exchange, commands }: RepairOptions,
  session: string,
  before: RouteStage | undefined,
  stages: readonly RouteStage[],
  ids: readonly number[],
  maxTaskTokens: number,
  signal?: AbortSignal,
): Promise<void> {
  if (before) {
    const route = stages.map(({ peerId, layers }) => ({ peer_id: peerId, layers }));
    await commands.send(
      before.peerId,
      'REPLAY_SESSION',
      { session, length: ids.length, max_tokens: maxTaskTokens, route },
      signal,
    );
    return;
  }
  for (let position = 0; position < ids.length; position += maxTaskTokens) {
    const chunk = Uint32Array.from(ids.slice(position, position + maxTaskTokens));
    const task = replayTask(session, exchange.peerId, stages, position, { dtype: 'u32', ids: chunk });
    await exchange.deliver(stages[0]!.peerId, task, signal);
  }
}

function names(stages: readonly RouteStage[]): string {
  return stages.map(({ peerId }) => peerId.slice(-8)).join(', ');
}
