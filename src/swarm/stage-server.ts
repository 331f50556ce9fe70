import { ShoalError } from '../core/errors.ts';
import type { Unsubscribe } from '../core/events.ts';
import { log } from '../core/log.ts';
import type { LayerRange } from '../core/ranges.ts';
import type { LayerRunner, StageOutput } from '../engine/layer-runner.ts';
import type { Frame, RouteStage, StageTiming, TaskFrame } from '../protocol/frames.ts';
import type { Manifest } from '../protocol/manifest.ts';
import type { FrameExchange } from './frame-exchange.ts';
import { KeptOutputs, type PositionRange } from './kept-outputs.ts';
import { replayTask } from './replay.ts';
import { type StageSession, StageSessions } from './stage-sessions.ts';
import { StageWork } from './stage-work.ts';

/** What `GET_STATS` tells of one task. */
export interface TaskRecord {
  readonly task: number;
  readonly layers: LayerRange;
  readonly tokens: number;
  readonly waitMs: number;
  readonly computeMs: number;
  readonly atMs: number;
}

const KEPT_TASK_RECORDS = 32;
/** A session that answers comes by many times in this time, also in a slow swarm. */
const ACTIVE_MS = 5000;
/** An answer whose laps come less often than this is taken for ended. */
const ANSWERING_MS = 3000;
const SWEEP_INTERVAL_MS = 10_000;
/** A session's tasks are logged when it has rested for so long: once an answer, not once a token. */
const LOG_INTERVAL_MS = 2000;
/** One running mean over about this many tasks, so that a busy minute shows within seconds. */
const SPEED_SMOOTHING = 0.2;

/** Serves this node's layers: takes task frames, runs them, passes the output on along the route. */
export class StageServer {
  readonly #exchange: FrameExchange;
  readonly #manifest: Manifest;
  readonly #sessions = new StageSessions();
  readonly #kept: KeptOutputs;
  readonly #records: TaskRecord[] = [];
  readonly #cleanups: Unsubscribe[];
  readonly #work: StageWork;
  #runner: LayerRunner | undefined;
  tasksDone = 0;
  tasksFailed = 0;
  /** Positions computed. */
  tokensDone = 0;
  /** Of single-token tasks, in all of a batch; 0 until the first. */
  layersPerSecond = 0;

  constructor(exchange: FrameExchange, manifest: Manifest) {
    this.#exchange = exchange;
    this.#manifest = manifest;
    this.#kept = new KeptOutputs(manifest.hyperparameters.width);
    this.#work = new StageWork(manifest.hyperparameters.layerCount);
    const sweep = setInterval(() => this.#closeIdle(), SWEEP_INTERVAL_MS);
    this.#cleanups = [
      () => clearInterval(sweep),
      exchange.onFrame(({ from, frame }) => {
        if (frame.kind === 'task') this.#accept(from, frame);
      }),
      exchange.onGone((peerId) => this.#sessions.abandon(peerId)),
    ];
  }

  /** Replaces the runner; sessions of the old one are gone with its device. */
  useRunner(runner: LayerRunner | undefined): void {
    this.#runner = runner;
    this.#work.useRunner(runner);
    this.#sessions.clear();
    this.#kept.clear();
  }

  get queueLength(): number {
    return this.#work.length;
  }

  /** Whether a session has had a task of late: somebody waits for an answer. */
  get answering(): boolean {
    return this.#sessions.usedSince(Date.now() - ANSWERING_MS) > 0;
  }

  /** Whether somebody waits for an answer that runs through these layers, or some of them. */
  answeringIn(layers: LayerRange): boolean {
    return this.#sessions.usedSince(Date.now() - ANSWERING_MS, layers) > 0;
  }

  /** Sessions that had work here in the last seconds. */
  get activeSessions(): number {
    return this.#sessions.usedSince(Date.now() - ACTIVE_MS);
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  recentTasks(): readonly TaskRecord[] {
    return this.#records;
  }

  /** @throws ShoalError `shard-not-loaded`, `limit-exceeded`, `out-of-memory` */
  async openSession(
    coordinator: string,
    session: string,
    layers: LayerRange,
    maxTokens: number,
    firstTask: number,
  ): Promise<{ maxTaskTokens: number }> {
    const runner = this.#requireRunner();
    this.#sessions.checkRoom(coordinator, session, layers);
    const open = this.#sessions.add(session, coordinator, layers, firstTask);
    try {
      await runner.openSession({ session: open.place, layers, maxTokens });
    } catch (error) {
      this.#sessions.delete(open);
      throw error;
    }
    return { maxTaskTokens: runner.info.maxTaskTokens };
  }

  /**
   * Rolls back the session's place for `layers`, or all its places here.
   * @throws ShoalError `unknown-session`
   */
  async truncateSession(
    coordinator: string,
    session: string,
    layers: LayerRange | undefined,
    position: number,
    firstTask: number,
  ): Promise<void> {
    const places = this.#sessions.places(coordinator, session, layers);
    if (places.length === 0) throw new ShoalError('unknown-session', `Session ${session} is not open here.`);
    await Promise.all(
      places.map(async (open) => {
        open.firstTask = firstTask;
        this.#work.dropBefore(open.lane, firstTask);
        await this.#work.run(open.lane, async () => {
          await this.#requireRunner().truncateSession(open.place, position);
          this.#kept.truncate(open.place, position);
        });
      }),
    );
  }

  /**
   * Builds the stages that follow in `route` by sending them what the place for `layers` has kept of its outputs.
   * @throws ShoalError `unknown-session`, `limit-exceeded` when they are not all kept, `peer-gone`, `peer-unreachable`
   */
  async replaySession(
    coordinator: string,
    session: string,
    layers: LayerRange,
    task: number,
    positions: PositionRange,
    maxTokens: number,
    route: readonly RouteStage[],
  ): Promise<void> {
    const { place, lane } = this.#sessions.use(coordinator, session, layers);
    await this.#work.run(lane, async () => {
      for (const { position, hidden } of this.#kept.replay(place, positions, maxTokens)) {
        await this.#exchange.deliver(
          route[0]!.peerId,
          replayTask(session, task, coordinator, route, position, { dtype: 'f32', hidden }),
        );
      }
    });
  }

  /** Closes the session's place for `layers`, or all its places. Closing what is closed already is no error. */
  async closeSession(coordinator: string, session: string, layers?: LayerRange): Promise<void> {
    const places = this.#sessions.places(coordinator, session, layers);
    await Promise.all(
      places.map(async (open) => {
        this.#sessions.delete(open);
        this.#kept.delete(open.place);
        this.#work.dropBefore(open.lane, Number.POSITIVE_INFINITY);
        await this.#runner?.closeSession(open.place);
      }),
    );
  }

  close(): void {
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
  }

  #requireRunner(): LayerRunner {
    if (!this.#runner) throw new ShoalError('shard-not-loaded', 'This node has no shard loaded.');
    return this.#runner;
  }

  #accept(from: string, frame: TaskFrame): void {
    const arrivedAtMs = performance.now();
    const failed = (error: ShoalError) => this.#fail(frame, error);
    try {
      const stage = frame.route[0]!;
      if (stage.peerId !== this.#exchange.peerId)
        throw new ShoalError('bad-frame', `A task for ${stage.peerId} arrived at ${this.#exchange.peerId}.`);
      const open = this.#sessions.use(frame.coordinator, frame.session, stage.layers);
      const { task, position, input, candidates } = frame;
      if (task < open.firstTask) return;
      if (arrivedAtMs - open.loggedAtMs > LOG_INTERVAL_MS) this.#logTask(open.layers);
      open.loggedAtMs = arrivedAtMs;
      const { layerCount, width } = this.#manifest.hyperparameters;
      const values = input.dtype === 'u32' ? input.ids : input.hidden;
      const tokens = input.dtype === 'u32' ? values.length : values.length / width;
      const last = open.layers.end === layerCount;
      this.#work.push(open.lane, {
        task,
        tokens,
        bytes: values.byteLength,
        stage: { session: open.place, layers: open.layers, position, input, ...(last ? { candidates } : {}) },
        done: (output, together) => this.#done(from, frame, open, tokens, arrivedAtMs, output, together),
        failed,
      });
    } catch (error) {
      void failed(ShoalError.from(error));
    }
  }

  async #done(
    from: string,
    frame: TaskFrame,
    { place, layers }: StageSession,
    tokens: number,
    arrivedAtMs: number,
    output: StageOutput,
    together: number,
  ): Promise<void> {
    const timing: StageTiming = {
      peerId: this.#exchange.peerId,
      layers,
      waitMs: Math.max(0, performance.now() - arrivedAtMs - output.computeMs),
      computeMs: output.computeMs,
      roundTripMs: this.#exchange.roundTripMs(from),
    };
    if (output.hidden) this.#kept.keep(place, frame.position, output.hidden);
    this.#record(frame.task, layers, tokens, timing, together);
    await this.#passOn(frame, output, [...frame.timings, timing]);
  }

  async #passOn(frame: TaskFrame, output: StageOutput, timings: StageTiming[]): Promise<void> {
    const { session, task, coordinator, route, position, candidates } = frame;
    const next = route[1];
    const passed: Frame = next
      ? {
          kind: 'task',
          session,
          task,
          coordinator,
          route: route.slice(1),
          position,
          input: { dtype: 'f32', hidden: output.hidden! },
          candidates,
          wire: frame.wire,
          timings,
        }
      : { kind: 'result', session, task, rows: output.rows ?? [], timings };
    try {
      await this.#exchange.deliver(next?.peerId ?? coordinator, passed);
    } catch (error) {
      if (next)
        throw new ShoalError(
          'peer-gone',
          `The node with layers from ${next.layers.start} (${next.peerId}) does not answer: ${ShoalError.from(error).message}`,
        );
      throw error;
    }
  }

  async #fail(frame: TaskFrame, error: ShoalError): Promise<void> {
    this.tasksFailed++;
    log.warn('EXECUTE_TASK', `Task ${frame.task} failed: ${error.message}`);
    const { session, task, coordinator } = frame;
    await this.#exchange
      .deliver(coordinator, { kind: 'error', session, task, peerId: this.#exchange.peerId, error: error.toWire() })
      .catch(() => log.warn('EXECUTE_TASK', `The coordinator ${coordinator} is gone too.`));
  }

  #logTask(layers: LayerRange): void {
    for (const shard of this.#manifest.shards) {
      if (shard.layers.start < layers.end && layers.start < shard.layers.end) {
        log.info('EXECUTE_TASK', `Processing inference for shard ${shard.index}`);
      }
    }
  }

  #record(
    task: number,
    layers: LayerRange,
    tokens: number,
    { waitMs, computeMs }: StageTiming,
    together: number,
  ): void {
    const atMs = performance.now() - computeMs;
    this.tasksDone++;
    this.tokensDone += tokens;
    this.#records.push({ task, layers, tokens, waitMs, computeMs, atMs });
    if (this.#records.length > KEPT_TASK_RECORDS) this.#records.shift();
    if (tokens === 1 && computeMs > 0) {
      const speed = (1000 * together * (layers.end - layers.start)) / computeMs;
      this.layersPerSecond =
        this.layersPerSecond === 0 ? speed : this.layersPerSecond + SPEED_SMOOTHING * (speed - this.layersPerSecond);
    }
  }

  #closeIdle(): void {
    for (const { coordinator, id, layers } of this.#sessions.expired(Date.now()))
      void this.closeSession(coordinator, id, layers);
  }
}
