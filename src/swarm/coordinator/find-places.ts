import { abortable } from '../../core/abortable.ts';
import type { QueuePlace } from '../../core/errors.ts';
import type { RouteStage } from '../../protocol/frames.ts';
import { MAX_TASK_TOKENS } from '../../protocol/limits.ts';
import type { Patience } from '../route/route-planner.ts';
import { closeStages, NodesFull, openStages } from './build-stages.ts';
import type { PipelineDependencies } from './pipeline-dependencies.ts';

/** The pause before a full node is asked again, for each place in the queue: the first there is to take its turn soon. */
const PAUSE_MS = 250;
/** And at most: a node forgets who has not asked for five seconds. */
const MAX_PAUSE_MS = 2000;

export interface PlacesWanted {
  /** 32 hexadecimal digits. */
  readonly session: string;
  /** Positions that it may come to hold. */
  readonly maxTokens: number;
  /** Tasks before it are meant for an earlier place of the session, and void. */
  readonly firstTask: number;
  /** The fastest stages without these nodes. */
  readonly plan: (full: ReadonlySet<string>) => Promise<readonly RouteStage[]>;
  /** Whether others serve all that is wanted. */
  readonly servedWithout: (full: ReadonlySet<string>) => boolean;
}

export interface Places {
  readonly stages: readonly RouteStage[];
  /** Positions of one task that every stage takes. */
  readonly maxTaskTokens: number;
}

/**
 * Opens a session's places at the fastest stages that have room: goes around full nodes while others serve the same
 * layers, else waits for its turn. Two sessions that each hold what the other waits for would wait for ever: so whoever
 * waits for a node holds places only at nodes that come before it in the order of their ids.
 * @throws ShoalError as planning and opening do; then no place is held
 */
export async function findPlaces(
  deps: PipelineDependencies,
  wanted: PlacesWanted,
  patience: Patience,
): Promise<Places> {
  const { session, maxTokens, firstTask, plan, servedWithout } = wanted;
  const { signal, onWait } = patience;
  /** Stages that were asked and must be told when they are not wanted any more: held, or waited for. */
  const asked = new Map<string, RouteStage>();
  const held = new Set<string>();
  const full = new Set<string>();
  let maxTaskTokens = MAX_TASK_TOKENS;
  let told = false;
  const release = async (stages: readonly RouteStage[]) => {
    for (const stage of stages) {
      asked.delete(nameOf(stage));
      held.delete(nameOf(stage));
    }
    await closeStages(deps, session, stages);
  };
  try {
    for (;;) {
      const stages = await plan(full);
      const names = new Set(stages.map(nameOf));
      await release([...asked.values()].filter((stage) => held.has(nameOf(stage)) && !names.has(nameOf(stage))));
      for (const stage of stages) asked.set(nameOf(stage), stage);
      try {
        const missing = stages.filter((stage) => !held.has(nameOf(stage)));
        maxTaskTokens = Math.min(maxTaskTokens, await openStages(deps, session, missing, maxTokens, firstTask, signal));
        await release([...asked.values()].filter((stage) => !names.has(nameOf(stage))));
        return { stages, maxTaskTokens };
      } catch (error) {
        if (!(error instanceof NodesFull)) throw error;
        maxTaskTokens = Math.min(maxTaskTokens, error.maxTaskTokens);
        for (const { peerId } of error.full) full.add(peerId);
        const first = error.full.map(({ peerId }) => peerId).toSorted()[0]!;
        for (const stage of error.opened) held.add(nameOf(stage));
        await release([...asked.values()].filter((stage) => held.has(nameOf(stage)) && stage.peerId >= first));
        if (servedWithout(full)) continue;
        full.clear();
        onWait?.({ reason: 'queue', ...error.place });
        told = true;
        await pause(error.place, signal);
      }
    }
  } catch (error) {
    await release([...asked.values()]);
    throw error;
  } finally {
    if (told) onWait?.(undefined);
  }
}

/** Waits a while before a full node is asked again; not all at once. */
export function pause({ place }: QueuePlace, signal?: AbortSignal): Promise<void> {
  const ms = Math.min(MAX_PAUSE_MS, PAUSE_MS * place) * (0.75 + Math.random() / 2);
  return abortable(new Promise((resolve) => setTimeout(resolve, ms)), signal);
}

function nameOf({ peerId, layers }: RouteStage): string {
  return `${peerId} ${layers.start} ${layers.end}`;
}
