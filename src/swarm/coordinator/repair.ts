import { ShoalError } from '../../core/errors.ts';
import type { RouteStage } from '../../protocol/frames.ts';
import type { Patience, RoutePlanner } from '../route/route-planner.ts';
import { closeStages, fillStages, layersOf } from './build-stages.ts';
import { findPlaces } from './find-places.ts';
import { Pipeline } from './pipeline.ts';
import type { PipelineDependencies } from './pipeline-dependencies.ts';
import type { RouteEvent } from './route-event.ts';
import { borderOf, linkStages } from './route-links.ts';

/** A stage that does not roll back within this time is taken for lost: it is a round trip and no computing. */
const ROLL_BACK_TIMEOUT_MS = 2500;

/** How a node answers that is there but does not know the session any more. */
const FORGETFUL = new Set(['unknown-session', 'shard-not-loaded', 'gpu-lost']);

const NOBODY: ReadonlySet<string> = new Set();

export interface RepairOptions extends PipelineDependencies {
  readonly routes: RoutePlanner;
  /** Positions the session may come to hold. */
  readonly maxTokens: number;
}

/** A session that stands still. */
export interface StandingStill {
  readonly broken: Pipeline;
  /** Its tokens that stay, at most those of the last whole lap; shortened where stages go back further. */
  readonly ids: number[];
  /** When the first attempt to mend it began, `performance.now()`. */
  readonly sinceMs: number;
}

/**
 * Mends a broken pipeline: rolls every stage back to the tokens that are wanted, finds who is lost, and rebuilds the
 * caches of those stages elsewhere by replaying what the stage before them has kept; the other stages keep theirs.
 *
 * @param full - nodes that are there but have no room: others take over their stages
 * @returns the pipeline that goes on from there, and what to tell of it
 * @throws ShoalError when it cannot be mended like this; the session is then to be built anew
 */
export async function repairPipeline(
  options: RepairOptions,
  { broken, ids, sinceMs }: StandingStill,
  patience: Patience = {},
  full: ReadonlySet<string> = NOBODY,
): Promise<{ pipeline: Pipeline; events: RouteEvent[] }> {
  const { signal } = patience;
  const { session, route } = broken;
  const { kept, lost } = await rollBack(options, broken, ids, full, signal);
  const mended: RouteStage[] = [];
  const events: RouteEvent[] = [];
  const fillings: number[] = [];
  const opened: RouteStage[] = [];
  let maxTaskTokens = broken.maxTaskTokens;
  try {
    let done = 0;
    for (const run of runsOf(route, kept)) {
      done += run.length;
      if (kept.has(run[0]!)) {
        mended.push(...run);
        continue;
      }
      const rest = route.slice(done);
      const routeWith = (stages: readonly RouteStage[]) => [...mended, ...stages, ...rest];
      const layers = layersOf(run);
      const task = broken.beginFilling();
      fillings.push(task);
      const others = (full: ReadonlySet<string>) => new Set([...lost, ...full]);
      const wanted = {
        session,
        maxTokens: options.maxTokens,
        firstTask: task,
        hashes: broken.hashes,
        plan: (full: ReadonlySet<string>) => options.routes.planRange(layers, others(full), patience),
        servedWithout: (full: ReadonlySet<string>) => options.routes.isServed(others(full), layers),
        routeWith,
      };
      const { stages: replacement, ...places } = await findPlaces(options, wanted, patience);
      opened.push(...replacement);
      maxTaskTokens = Math.min(maxTaskTokens, places.maxTaskTokens);
      const whole = routeWith(replacement);
      const kin = borderOf(replacement, whole).filter((stage) => kept.has(stage) || opened.includes(stage));
      await linkStages(options, session, kin, [whole], signal);
      const positions = { start: 0, end: ids.length };
      const filling = { session, task, before: mended.at(-1), stages: replacement, ids, positions, maxTaskTokens };
      await fillStages(options, filling, signal);
      mended.push(...replacement);
      events.push({
        kind: 'replaced',
        reason: 'lost',
        layers,
        from: run.map(({ peerId }) => peerId),
        to: replacement.map(({ peerId }) => peerId),
        pauseMs: performance.now() - sinceMs,
        positions: ids.length,
      });
    }
  } catch (error) {
    // The pipeline that comes after knows nothing of them.
    void closeStages(options, session, opened);
    throw error;
  }
  return { pipeline: Pipeline.resume(options, broken, mended, maxTaskTokens, fillings, ids.length), events };
}

/**
 * Rolls all stages that are there back to the session's tokens, which are shortened to what all of them still have.
 * @returns the stages that rolled back, and the peers that did not answer at all
 */
async function rollBack(
  options: RepairOptions,
  broken: Pipeline,
  ids: number[],
  full: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<{ kept: Set<RouteStage>; lost: Set<string> }> {
  const { commands, exchange } = options;
  const { route, session, gone, nextTask } = broken;
  const timeout = AbortSignal.timeout(ROLL_BACK_TIMEOUT_MS);
  const bounded = signal ? AbortSignal.any([signal, timeout]) : timeout;
  /** What is left of the session at each stage that rolled back. */
  const left = new Map<RouteStage, number>();
  const lost = new Set<string>();
  const giveUp = (stage: RouteStage) => {
    lost.add(stage.peerId);
    // It may be there all the same, late or blamed, with a place that it would keep for as long as this tab is connected.
    void closeStages(options, session, [stage]);
  };
  // When all are gone at once, it is this tab that was cut off or asleep: they may be there still.
  const cutOff = route.every(({ peerId }) => gone.has(peerId) || peerId === exchange.peerId);
  const rollBackStage = async (stage: RouteStage): Promise<void> => {
    const { peerId, layers } = stage;
    left.delete(stage);
    if (gone.has(peerId) && !cutOff) {
      giveUp(stage);
      return;
    }
    try {
      await exchange.reach(peerId, bounded);
      const params = { session, layers, position: ids.length, first_task: nextTask };
      const { position } = await commands.send(peerId, 'TRUNCATE_SESSION', params, bounded);
      if (full.has(peerId)) giveUp(stage);
      else left.set(stage, position);
    } catch (error) {
      const { code, message } = ShoalError.from(error);
      if (code !== 'aborted' && peerId !== exchange.peerId) options.records.excuse(peerId, message);
      // A node that has lost its device is there, has forgotten the session, and may serve again in a moment.
      if (!FORGETFUL.has(code)) giveUp(stage);
    }
  };
  for (let ahead: readonly RouteStage[] = route; ahead.length > 0; ) {
    await Promise.all(ahead.map(rollBackStage));
    signal?.throwIfAborted();
    ids.length = Math.min(ids.length, ...left.values());
    ahead = [...left].filter(([, position]) => position > ids.length).map(([stage]) => stage);
  }
  return { kept: new Set(left.keys()), lost };
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
