import { randomId } from '../../core/bytes.ts';
import { ShoalError } from '../../core/errors.ts';
import type { Unsubscribe } from '../../core/events.ts';
import { formatLayers } from '../../core/ranges.ts';
import type { CandidateRequest, Candidates, ErrorFrame, ResultFrame, RouteStage } from '../../protocol/frames.ts';
import type { Patience } from '../route/route-planner.ts';
import { Blame } from './blame.ts';
import { closeRoute } from './build-stages.ts';
import { checkResult } from './check-result.ts';
import { findPlaces, type PlacesWanted } from './find-places.ts';
import type { Lap } from './generation.ts';
import { lapOf, layerTimes } from './lap-times.ts';
import { LapWatch, type Standing } from './lap-watch.ts';
import type { PipelineDependencies } from './pipeline-dependencies.ts';

export interface LapResult {
  readonly rows: readonly Candidates[];
  readonly lap: Lap;
}

interface PendingTask {
  /** T */
  readonly tokens: number;
  readonly candidates: CandidateRequest;
  /** The session's length when the task is done. */
  readonly end: number;
  readonly startedAtMs: number;
  readonly resolve: (result: LapResult) => void;
  readonly reject: (error: ShoalError) => void;
}

/** A lap that takes longer than this is taken for lost, also where nobody else has the layers: a software adapter needs seconds, not minutes. */
const TASK_TIMEOUT_MS = 120_000;
/** Nobody else has the layers of a stage that is late: so long it may stand still before somebody is asked to fetch them. */
const LATE_PATIENCE_MS = 20_000;

/** One session along one route: KV caches at every stage, filled by the laps that go round it. */
export class Pipeline {
  readonly route: readonly RouteStage[];
  /** Token positions of one task that every stage takes. */
  readonly maxTaskTokens: number;
  /** 32 hexadecimal digits, the same at every stage. */
  readonly session: string;
  /** Peers of the route whose channel closed. */
  readonly gone = new Set<string>();
  /** Peers of the route that had no room for a task. */
  readonly full = new Set<string>();
  readonly #deps: PipelineDependencies;
  #hashes: boolean;
  readonly #pending = new Map<number, PendingTask>();
  /** Fillings of stages of this route. */
  readonly #fillings: ReadonlySet<number>;
  readonly #cleanups: Unsubscribe[];
  readonly #watch: LapWatch;
  readonly #blame: Blame;
  /** Whom the lap that is under way waits for, as far as that is known. */
  #standing: Standing | undefined;
  #nextTask: number;
  #length: number;
  #confirmed: number;
  #broken: ShoalError | undefined;
  /** By peer that is late. */
  readonly #late = new Map<string, ReturnType<typeof setTimeout>>();

  private constructor(
    deps: PipelineDependencies,
    route: readonly RouteStage[],
    session: string,
    maxTaskTokens: number,
    hashes: boolean,
    start: { readonly task: number; readonly length: number } = { task: 0, length: 0 },
    fillings: readonly number[] = [],
  ) {
    this.#deps = deps;
    this.route = route;
    this.session = session;
    this.#hashes = hashes;
    this.#fillings = new Set(fillings);
    this.#nextTask = start.task;
    this.#length = start.length;
    this.#confirmed = start.length;
    this.maxTaskTokens = maxTaskTokens;
    this.#blame = new Blame(deps);
    const { commands } = deps;
    this.#watch = new LapWatch({ session, route, commands, onStanding: (standing) => this.#heedStanding(standing) });
    this.#cleanups = [
      () => this.#watch.close(),
      deps.exchange.onFrame(({ from, frame }) => {
        if (frame.kind === 'task' || frame.session !== session) return;
        if (frame.kind === 'result' && from === route.at(-1)!.peerId) this.#finish(frame);
        if (frame.kind === 'error' && route.some((stage) => stage.peerId === from)) this.#fail(from, frame);
      }),
      deps.exchange.onGone((peerId) => this.#lose(peerId)),
      deps.exchange.onLate((peerId) => this.#heedLateness(peerId)),
    ];
  }

  /**
   * Opens a session where there is room for it; waits when there is none.
   * @throws ShoalError `shard-missing`, `peer-unreachable`, `peer-gone`, `shard-not-loaded`, `out-of-memory`, `aborted`
   */
  static async open(
    deps: PipelineDependencies,
    wanted: Omit<PlacesWanted, 'session' | 'firstTask'>,
    patience: Patience,
  ): Promise<Pipeline> {
    const session = randomId();
    const { stages, maxTaskTokens } = await findPlaces(deps, { ...wanted, session, firstTask: 0 }, patience);
    return new Pipeline(deps, stages, session, maxTaskTokens, wanted.hashes);
  }

  /**
   * The same session along another route; the pipeline so far is over.
   * @param fillings - numbers of those whose failure is this pipeline's
   * @param length - positions that all stages hold, at most those of the last whole lap
   */
  static resume(
    deps: PipelineDependencies,
    old: Pipeline,
    route: readonly RouteStage[],
    maxTaskTokens: number,
    fillings: readonly number[],
    length: number,
  ): Pipeline {
    old.#break(new ShoalError('aborted', 'The session goes on along another route.'));
    const start = { task: old.#nextTask, length };
    return new Pipeline(deps, route, old.session, maxTaskTokens, old.hashes, start, fillings);
  }

  /** A number for the tasks that fill new stages of this session: those of older fillings, and older tasks, are void there. */
  beginFilling(): number {
    return this.#nextTask++;
  }

  /** The task that comes next; those before it are done, or void once the stages have rolled back. */
  get nextTask(): number {
    return this.#nextTask;
  }

  /** Positions that a whole lap has filled at every stage. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** Positions cached at every stage once the tasks on their way are done. */
  get length(): number {
    return this.#length;
  }

  /** Whether the stages keep hashes of the session's rows. */
  get hashes(): boolean {
    return this.#hashes;
  }

  get broken(): ShoalError | undefined {
    return this.#broken;
  }

  /**
   * One lap: `ids` `[T]` from the session's end on through every stage. Laps may overlap; they stay in order.
   * @throws ShoalError as the failing stage says; `peer-gone` when a stage vanished; `timeout`
   */
  async execute(ids: Uint32Array, candidates: CandidateRequest): Promise<LapResult> {
    if (this.#broken) throw this.#broken;
    const task = this.#nextTask++;
    const position = this.#length;
    this.#length += ids.length;
    const tokens = ids.length;
    const startedAtMs = performance.now();
    const done = new Promise<LapResult>((resolve, reject) => {
      this.#pending.set(task, { tokens, candidates, end: position + tokens, startedAtMs, resolve, reject });
    });
    this.#watch.begin(task);
    for (const { peerId } of this.route) this.#heedLateness(peerId);
    const timeout = setTimeout(() => this.#giveUp(task), TASK_TIMEOUT_MS);
    try {
      const first = this.route[0]!;
      this.#deps.exchange
        .deliver(first.peerId, {
          kind: 'task',
          session: this.session,
          task,
          coordinator: this.#deps.exchange.peerId,
          route: this.route,
          position,
          input: { dtype: 'u32', ids },
          candidates,
          wire: this.#deps.wire?.(),
          timings: [],
        })
        .then(
          () => this.#watch.sent(task),
          (error: unknown) => this.#break(goneError(first, error)),
        );
      return await done;
    } finally {
      clearTimeout(timeout);
      this.#pending.delete(task);
      this.#watch.end(task);
    }
  }

  /** Rolls every stage back to `wanted` tokens, or to as many fewer as they all can; `length` says how many are left. */
  async truncate(wanted: number, signal?: AbortSignal): Promise<void> {
    for (let position = wanted, ahead = position < this.#length; ahead; ) {
      const left = await Promise.all(
        this.route.map(async ({ peerId, layers }) => {
          const rollBack = { session: this.session, layers, position, first_task: this.#nextTask };
          try {
            return (await this.#deps.commands.send(peerId, 'TRUNCATE_SESSION', rollBack, signal)).position;
          } catch (thrown) {
            const error = ShoalError.from(thrown);
            if (error.code === 'timeout') this.#leaveOut(peerId, error.message);
            throw error;
          }
        }),
      );
      const least = Math.min(position, ...left);
      ahead = left.some((stage) => stage > least);
      position = least;
      this.#length = least;
      this.#confirmed = least;
    }
  }

  /**
   * Goes on from what stages have of an earlier session, before the first lap.
   * @param held - positions, the most that one says it has
   * @param wanted - positions that all of them have, and that are right
   * @throws ShoalError as a stage that has not so many says
   */
  async takeUp(held: number, wanted: number, signal?: AbortSignal): Promise<void> {
    // Rows that came by in another session have no hashes in this one.
    this.#hashes = false;
    this.#length = held;
    this.#confirmed = held;
    await this.truncate(wanted, signal);
  }

  async close(): Promise<void> {
    this.#break(new ShoalError('aborted', 'The session was closed.'));
    await closeRoute(this.#deps, this.session, this.route);
  }

  /** A node of the route is not to be trusted: the route is mended before the session goes on. */
  expel(peerId: string): void {
    this.#lose(peerId);
  }

  #lose(peerId: string): void {
    const stage = this.route.find((other) => other.peerId === peerId);
    if (!stage) return;
    this.gone.add(peerId);
    this.#break(goneError(stage));
  }

  /** A stage whose page stands still costs the route only where somebody else has its layers, or after a while. */
  #heedLateness(peerId: string): void {
    const stage = this.route.find((other) => other.peerId === peerId);
    if (!stage) return;
    const { exchange, routes } = this.#deps;
    if (!exchange.isLate(peerId)) {
      clearTimeout(this.#late.get(peerId));
      this.#late.delete(peerId);
    } else if (this.#pending.size > 0 && routes.hasSpare(new Set([peerId]), stage.layers)) {
      this.#lose(peerId);
    } else if (!this.#late.has(peerId)) {
      this.#late.set(
        peerId,
        setTimeout(() => {
          exchange.giveUp(peerId);
          this.#lose(peerId);
        }, LATE_PATIENCE_MS),
      );
    }
  }

  #heedStanding(standing: Standing): void {
    this.#standing = standing;
    const lost = this.#blame.forStanding(standing);
    if (lost) this.#lose(lost.peerId);
  }

  #giveUp(task: number): void {
    if (this.#standing) this.#leaveOut(this.#standing.stage.peerId, this.#standing.why);
    this.#break(new ShoalError('timeout', `No answer to task ${task} within ${TASK_TIMEOUT_MS / 1000} s.`));
  }

  /** A stage has failed, and the route is to be mended around it. */
  #leaveOut(peerId: string, why: string): void {
    if (this.#blame.fail(peerId, why)) this.gone.add(peerId);
  }

  #finish(result: ResultFrame): void {
    const { task, rows, timings } = result;
    const pending = this.#pending.get(task);
    if (!pending) return;
    const { records, exchange, vocabularySize } = this.#deps;
    const last = this.route.at(-1)!;
    try {
      checkResult(result, { ...pending, route: this.route, vocabularySize });
    } catch (thrown) {
      const error = ShoalError.from(thrown);
      this.#leaveOut(last.peerId, error.message);
      this.#break(error);
      return;
    }
    this.#confirmed = pending.end;
    this.#standing = undefined;
    const totalMs = performance.now() - pending.startedAtMs;
    const lap = lapOf(totalMs, timings, exchange.roundTripMs(last.peerId));
    if (pending.tokens === 1) {
      const times = layerTimes(lap, (peerId) => exchange.roundTripMs(peerId));
      for (const { peerId, layerMs } of times) if (peerId !== exchange.peerId) records.done(peerId, layerMs);
    }
    pending.resolve({ rows, lap });
  }

  #fail(from: string, { peerId, task, error }: ErrorFrame): void {
    // What was under way when the pipeline was mended, or fills a place that was given up, may still fail.
    if (!this.#pending.has(task) && !this.#fillings.has(task)) return;
    const place = this.route.findIndex((other) => other.peerId === peerId);
    const stage = this.route[place];
    // Of another stage than itself a node can say what it likes.
    if (stage && peerId === from) {
      if (error.code === 'busy') this.full.add(peerId);
      const blamed = this.#blame.forError(stage, this.route[place - 1], error);
      if (blamed !== undefined) this.gone.add(blamed);
    }
    const where = stage ? `Layers ${formatLayers(stage.layers)}: ` : '';
    // A failed task leaves the stages at different lengths: nothing that follows in this session can be right.
    this.#break(new ShoalError(error.code, `${where}${error.message}`));
  }

  #break(error: ShoalError): void {
    this.#broken ??= error;
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
    for (const timer of this.#late.values()) clearTimeout(timer);
    this.#late.clear();
    for (const { reject } of this.#pending.values()) reject(this.#broken);
    this.#pending.clear();
  }
}

function goneError({ layers }: RouteStage, cause?: unknown): ShoalError {
  return new ShoalError('peer-gone', `The node with layers ${formatLayers(layers)} left the swarm.`, { cause });
}
