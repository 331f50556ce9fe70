import type { RouteStage } from '../../protocol/frames.ts';
import { awaitTasks } from './await-tasks.ts';
import { closeStages, fillStages, layersOf, openStages, peersOf } from './build-stages.ts';
import { Pipeline } from './pipeline.ts';
import type { RepairOptions } from './repair.ts';
import type { RouteEvent } from './route-event.ts';
import { borderOf, linkStages } from './route-links.ts';

/** The answer stands still while the last positions are sent, so they should be few. */
const MAX_LAST_POSITIONS = 4;
/** Rounds of catching up with an answer that goes on meanwhile; a slow successor may never be closer. */
const MAX_ROUNDS = 4;

interface Move {
  readonly stages: readonly RouteStage[];
  readonly before: RouteStage | undefined;
  readonly successors: readonly RouteStage[];
}

/**
 * Moves a running session away from nodes that are about to leave: successors are filled while the answer goes on along
 * the old route, and step in between two laps.
 */
export class HandOver {
  readonly leaving: ReadonlySet<string>;
  readonly #options: RepairOptions;
  readonly #pipeline: Pipeline;
  /** The session's tokens; grows as the answer does. */
  readonly #ids: readonly number[];
  readonly #moves: Move[] = [];
  readonly #abort = new AbortController();
  #maxTaskTokens: number;
  #task: number;
  #filled = 0;
  #state: 'filling' | 'filled' | 'failed' = 'filling';

  /** Begins at once. @param ids - the session's tokens, read again whenever more of them are needed */
  constructor(options: RepairOptions, pipeline: Pipeline, ids: readonly number[], leaving: ReadonlySet<string>) {
    this.leaving = leaving;
    this.#options = options;
    this.#pipeline = pipeline;
    this.#ids = ids;
    this.#maxTaskTokens = pipeline.maxTaskTokens;
    this.#task = pipeline.beginFilling();
    this.#fill().then(
      () => {
        this.#state = 'filled';
      },
      () => this.abandon(),
    );
  }

  get state(): 'filling' | 'filled' | 'failed' {
    return this.#state;
  }

  /**
   * Between two laps, when `state` is `filled`: the pipeline along the new route, and what to tell of it.
   * @throws ShoalError when a successor is gone; the old pipeline is still good
   */
  async finish(): Promise<{ pipeline: Pipeline; events: RouteEvent[] }> {
    const startedAtMs = performance.now();
    const { confirmed } = this.#pipeline;
    // What is sent now is not waited for: if it fails, the new pipeline does.
    this.#task = this.#pipeline.beginFilling();
    for (const move of this.#moves) await this.#send(move, confirmed);
    const next = this.#nextRoute();
    const pipeline = Pipeline.resume(this.#options, this.#pipeline, next, this.#maxTaskTokens, [this.#task], confirmed);
    const pauseMs = performance.now() - startedAtMs;
    for (const { stages } of this.#moves) this.#close(stages);
    this.#settle(next);
    const events = this.#moves.map(
      ({ stages, successors }): RouteEvent => ({
        kind: 'replaced',
        reason: 'leaving',
        layers: layersOf(stages),
        from: stages.map(({ peerId }) => peerId),
        to: successors.map(({ peerId }) => peerId),
        pauseMs,
        positions: confirmed,
      }),
    );
    return { pipeline, events };
  }

  /** Gives the successors' places back; the old route stays. */
  abandon(): void {
    if (this.#state === 'failed') return;
    this.#state = 'failed';
    this.#abort.abort();
    for (const { successors } of this.#moves) this.#close(successors);
    this.#settle(this.#pipeline.route);
  }

  async #fill(): Promise<void> {
    const { signal } = this.#abort;
    const { session, route, hashes } = this.#pipeline;
    for (const { stages, before } of movesOf(route, this.leaving)) {
      const successors = await this.#options.routes.planRange(layersOf(stages), this.leaving, { signal });
      this.#moves.push({ stages, before, successors });
    }
    const routes = [route, this.#nextRoute()];
    const { maxTokens } = this.#options;
    for (const { successors } of this.#moves) {
      const opening = { session, stages: successors, routes, maxTokens, firstTask: this.#task, hashes };
      this.#maxTaskTokens = Math.min(this.#maxTaskTokens, await openStages(this.#options, opening, signal));
    }
    await linkStages(this.#options, session, this.#border(route), routes, signal);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const { confirmed } = this.#pipeline;
      if (round > 0 && confirmed - this.#filled <= MAX_LAST_POSITIONS) break;
      for (const move of this.#moves) await this.#sendAndWait(move, confirmed);
      this.#filled = confirmed;
    }
  }

  /** The route with the successors in their places. */
  #nextRoute(): RouteStage[] {
    return this.#pipeline.route.flatMap((stage) => {
      const move = this.#moves.find(({ stages }) => stages.includes(stage));
      if (!move) return [stage];
      return stage === move.stages[0] ? move.successors : [];
    });
  }

  /** The stages that stay, beside those that go. */
  #border(route: readonly RouteStage[]): RouteStage[] {
    return borderOf(
      this.#moves.flatMap(({ stages }) => stages),
      route,
    );
  }

  /** From now on the session has this route alone. */
  #settle(route: readonly RouteStage[]): void {
    const { session, route: old } = this.#pipeline;
    const stages = [...this.#border(old), ...this.#moves.flatMap(({ successors }) => successors)];
    const there = stages.filter((stage) => route.includes(stage));
    // Where it fails the stage is gone, and the next lap finds out.
    linkStages(this.#options, session, there, [route]).catch(() => undefined);
  }

  #send({ before, successors }: Move, end: number): Promise<void> {
    const filling = {
      session: this.#pipeline.session,
      task: this.#task,
      before,
      stages: successors,
      ids: this.#ids,
      positions: { start: this.#filled, end },
      maxTaskTokens: this.#maxTaskTokens,
    };
    return fillStages(this.#options, filling, this.#abort.signal);
  }

  /** Sends what is lacking up to `end`, and waits until the last successor has computed all of it. */
  async #sendAndWait(move: Move, end: number): Promise<void> {
    const count = Math.ceil((end - this.#filled) / this.#maxTaskTokens);
    if (count === 0) return;
    const peers = peersOf(move.before, move.successors);
    const tasks = { session: this.#pipeline.session, task: this.#task, peers, count };
    const computed = awaitTasks(this.#options.exchange, tasks, this.#abort.signal);
    try {
      await this.#send(move, end);
      await computed.done;
    } finally {
      computed.stop();
    }
  }

  #close(stages: readonly RouteStage[]): void {
    void closeStages(this.#options, this.#pipeline.session, stages);
  }
}

/** Runs of neighbouring stages at leaving nodes, each with the stage before it. */
function movesOf(
  route: readonly RouteStage[],
  leaving: ReadonlySet<string>,
): { stages: RouteStage[]; before: RouteStage | undefined }[] {
  const moves: { stages: RouteStage[]; before: RouteStage | undefined }[] = [];
  for (const [index, stage] of route.entries()) {
    if (!leaving.has(stage.peerId)) continue;
    const before = route[index - 1];
    const open = moves.at(-1);
    if (before && open?.stages.at(-1) === before) open.stages.push(stage);
    else moves.push({ stages: [stage], before });
  }
  return moves;
}
