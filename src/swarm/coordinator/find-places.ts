import { abortable } from '../../core/abortable.ts';
import type { QueuePlace } from '../../core/errors.ts';
import type { RouteStage } from '../../protocol/frames.ts';
import { MAX_TASK_TOKENS } from '../../protocol/limits.ts';
import type { Patience } from '../route/route-planner.ts';
import { closeStages, NodesFull, openStages, StagesFailed } from './build-stages.ts';
import type { PipelineDependencies } from './pipeline-dependencies.ts';
import type { Restoring } from './restoring.ts';
import { linkStages, nameOf, neighboursOf } from './route-links.ts';

/** The pause before a full node is asked again, for each place in the queue: the first there is to take its turn soon. */
const PAUSE_MS = 250;
/** A long wait is not made much longer by a pause of this part of it, */
const AGAIN = 0.25;
/** which is so long at most: a node forgets who has not asked for five seconds. */
const MAX_PAUSE_MS = 2000;

export interface PlacesWanted {
  /** 32 hexadecimal digits. */
  readonly session: string;
  /** Positions that it may come to hold. */
  readonly maxTokens: number;
  /** Tasks before it are meant for an earlier place of the session, and void. */
  readonly firstTask: number;
  /** Whether the stages keep hashes of its rows. */
  readonly hashes: boolean;
  /** What the stages may have kept of it. */
  readonly restoring?: Restoring | undefined;
  /** The fastest stages without these nodes. */
  readonly plan: (without: ReadonlySet<string>) => Promise<readonly RouteStage[]>;
  /** Whether others serve all that is wanted. */
  readonly servedWithout: (without: ReadonlySet<string>) => boolean;
  /** The session's route with these stages on it; they are all of it when absent. */
  readonly routeWith?: (stages: readonly RouteStage[]) => readonly RouteStage[];
}

export interface Places {
  readonly stages: readonly RouteStage[];
  /** Positions of one task that every stage takes. */
  readonly maxTaskTokens: number;
}

/**
 * Opens a session's places at the fastest stages that have room: goes around nodes that fail or are full while others
 * serve the same layers, else waits for its turn. Two sessions that each hold what the other waits for would wait for
 * ever: so whoever waits for a node holds places only at nodes that come before it in the order of their ids.
 * @throws ShoalError as planning and opening do; then no place is held
 */
export async function findPlaces(
  deps: PipelineDependencies,
  wanted: PlacesWanted,
  patience: Patience,
): Promise<Places> {
  const search = new PlaceSearch(deps, wanted, patience);
  try {
    return await search.run();
  } finally {
    search.end();
  }
}

class PlaceSearch {
  readonly #deps: PipelineDependencies;
  readonly #wanted: PlacesWanted;
  readonly #patience: Patience;
  /** Stages that were asked and must be told when they are not wanted any more: held, or waited for. */
  readonly #asked = new Map<string, RouteStage>();
  /** Between whom each place that is held stands, as it was told. */
  readonly #held = new Map<string, string>();
  readonly #full = new Set<string>();
  readonly #failed = new Set<string>();
  #maxTaskTokens = MAX_TASK_TOKENS;
  /** Since when it waits for its turn. */
  #waitsSinceMs: number | undefined;

  constructor(deps: PipelineDependencies, wanted: PlacesWanted, patience: Patience) {
    this.#deps = deps;
    this.#wanted = wanted;
    this.#patience = patience;
  }

  async run(): Promise<Places> {
    try {
      for (;;) {
        const stages = await this.#wanted.plan(this.#avoided());
        try {
          await this.#take(stages);
          return { stages, maxTaskTokens: this.#maxTaskTokens };
        } catch (error) {
          if (error instanceof StagesFailed) this.#goAround(error);
          else if (error instanceof NodesFull) await this.#wait(error);
          else throw error;
        }
      }
    } catch (error) {
      await this.#release([...this.#asked.values()]);
      throw error;
    }
  }

  end(): void {
    if (this.#waitsSinceMs !== undefined) this.#patience.onWait?.(undefined);
  }

  /** Opens what is not held yet, gives back what is not wanted any more, and tells the rest who stands beside them now. */
  async #take(stages: readonly RouteStage[]): Promise<void> {
    const { session, maxTokens, firstTask, hashes, routeWith, restoring } = this.#wanted;
    const { signal } = this.#patience;
    const routes = [routeWith?.(stages) ?? stages];
    const linksOf = (stage: RouteStage) => JSON.stringify(neighboursOf(stage, routes, this.#deps.exchange.peerId));
    const names = new Set(stages.map(nameOf));
    const stale = () => [...this.#asked.values()].filter((stage) => !names.has(nameOf(stage)));
    await this.#release(stale().filter((stage) => this.#isHeld(stage)));
    for (const stage of stages) this.#asked.set(nameOf(stage), stage);
    const missing = stages.filter((stage) => !this.#held.has(nameOf(stage)));
    const hold = (opened: readonly RouteStage[], maxTaskTokens: number) => {
      for (const stage of opened) this.#held.set(nameOf(stage), linksOf(stage));
      this.#maxTaskTokens = Math.min(this.#maxTaskTokens, maxTaskTokens);
    };
    try {
      const opening = { session, stages: missing, routes, maxTokens, firstTask, hashes, restoring };
      hold(missing, await openStages(this.#deps, opening, signal));
    } catch (error) {
      if (error instanceof NodesFull || error instanceof StagesFailed) hold(error.opened, error.maxTaskTokens);
      throw error;
    }
    await this.#release(stale());
    const moved = stages.filter((stage) => this.#held.get(nameOf(stage)) !== linksOf(stage));
    await linkStages(this.#deps, session, moved, routes, signal);
  }

  /** @throws StagesFailed when nobody else serves what those should have */
  #goAround(error: StagesFailed): void {
    if (error.code === 'aborted') throw error;
    const own = this.#deps.exchange.peerId;
    for (const { peerId } of error.failed) {
      this.#failed.add(peerId);
      if (peerId !== own) this.#deps.records.fail(peerId, error.message);
    }
    if (!this.#wanted.servedWithout(this.#avoided())) throw error;
  }

  async #wait(error: NodesFull): Promise<void> {
    const { signal, onWait } = this.#patience;
    for (const { peerId } of error.full) this.#full.add(peerId);
    const first = error.full.map(({ peerId }) => peerId).toSorted()[0]!;
    await this.#release([...this.#asked.values()].filter((stage) => this.#isHeld(stage) && stage.peerId >= first));
    if (this.#wanted.servedWithout(this.#avoided())) return;
    this.#full.clear();
    onWait?.({ reason: 'queue', ...error.place });
    this.#waitsSinceMs ??= performance.now();
    await pause(error.place, performance.now() - this.#waitsSinceMs, signal);
  }

  #isHeld(stage: RouteStage): boolean {
    return this.#held.has(nameOf(stage));
  }

  #avoided(): ReadonlySet<string> {
    return new Set([...this.#full, ...this.#failed]);
  }

  async #release(stages: readonly RouteStage[]): Promise<void> {
    for (const stage of stages) {
      this.#asked.delete(nameOf(stage));
      this.#held.delete(nameOf(stage));
    }
    await closeStages(this.#deps, this.#wanted.session, stages);
  }
}

/** Waits a while before a full node is asked again; not all at once. @param waitedMs - since it was first asked */
export function pause({ place }: QueuePlace, waitedMs: number, signal?: AbortSignal): Promise<void> {
  const ms = Math.min(MAX_PAUSE_MS, Math.max(PAUSE_MS * place, AGAIN * waitedMs)) * (0.75 + Math.random() / 2);
  return abortable(new Promise((resolve) => setTimeout(resolve, ms)), signal);
}
