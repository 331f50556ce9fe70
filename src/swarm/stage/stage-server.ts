import { ShoalError } from '../../core/errors.ts';
import type { Unsubscribe } from '../../core/events.ts';
import { log } from '../../core/log.ts';
import type { LayerRange } from '../../core/ranges.ts';
import type { LayerRunner, StageOutput } from '../../engine/layer-runner.ts';
import type { RouteStage, StageTiming, TaskFrame } from '../../protocol/frames.ts';
import type { Manifest } from '../../protocol/manifest.ts';
import type { FrameExchange } from '../frames/frame-exchange.ts';
import { Admission, type AdmissionLimits } from './admission.ts';
import { KeptOutputs, type PositionRange } from './kept-outputs.ts';
import { passOn } from './pass-on.ts';
import { replayTask } from './replay.ts';
import { type PlaceRequest, type StageSession, StageSessions } from './stage-sessions.ts';
import { StageWork } from './stage-work.ts';
import { announceTask, TaskLog, type TaskRecord } from './task-log.ts';
import type { QueueLimits } from './task-queue.ts';

/** A session that answers comes by many times in this time, also in a slow swarm. */
const ACTIVE_MS = 5000;
/** An answer whose laps come less often than this is taken for ended. */
const ANSWERING_MS = 3000;
const SWEEP_INTERVAL_MS = 10_000;
/** A session's tasks are logged when it has rested for so long: once an answer, not once a token. */
const LOG_INTERVAL_MS = 2000;
/** How much a node takes on. */
export interface NodeLimits extends QueueLimits, AdmissionLimits {}

/** Serves this node's layers: takes task frames, runs them, passes the output on along the route. */
export class StageServer {
  readonly #exchange: FrameExchange;
  readonly #manifest: Manifest;
  readonly #sessions = new StageSessions();
  readonly #kept: KeptOutputs;
  readonly #admission: Admission;
  readonly #log = new TaskLog();
  readonly #cleanups: Unsubscribe[];
  readonly #work: StageWork;
  #runner: LayerRunner | undefined;
  constructor(exchange: FrameExchange, manifest: Manifest, limits: Partial<NodeLimits> = {}) {
    this.#exchange = exchange;
    this.#manifest = manifest;
    this.#kept = new KeptOutputs(manifest.hyperparameters.width);
    this.#work = new StageWork(manifest.hyperparameters.layerCount, limits);
    this.#admission = new Admission(limits);
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

  /** Of outputs kept for the replay of a neighbour, bytes. */
  get keptBytes(): number {
    return this.#kept.bytes;
  }

  recentTasks(): readonly TaskRecord[] {
    return this.#log.recent;
  }

  get tasksDone(): number {
    return this.#log.done;
  }

  get tasksFailed(): number {
    return this.#log.failed;
  }

  /** Positions computed. */
  get tokensDone(): number {
    return this.#log.tokens;
  }

  /** Of decodes, in all of a batch; 0 until the first. */
  get layersPerSecond(): number {
    return this.#log.layersPerSecond;
  }

  /** @throws ShoalError `busy` with a place in the queue, `bad-request`, `shard-not-loaded`, `out-of-memory` */
  async openSession(coordinator: string, request: PlaceRequest): Promise<{ maxTaskTokens: number }> {
    const { session, layers, maxTokens, opening } = request;
    const runner = this.#requireRunner();
    if (this.#sessions.countOf(coordinator) < this.#admission.limits.sessionsPerPeer) await this.#makeRoom();
    // Looked at again after each closing: meanwhile a later opening may have come, or what closes this one.
    const olderPlace = () => this.#sessions.checkNew(coordinator, request);
    for (let older = olderPlace(); older; older = olderPlace())
      await this.closeSession(coordinator, session, layers, older.opening);
    const taken = { all: this.#sessions.size, own: this.#sessions.countOf(coordinator) };
    const name = ticketOf(coordinator, session, layers);
    this.#admission.enter({ coordinator, name, opening }, taken, Date.now());
    const open = this.#sessions.add(coordinator, request);
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
   * @returns the tokens that are left, `position` or fewer; see `LayerRunner.truncateSession`
   * @throws ShoalError `unknown-session`
   */
  async truncateSession(
    coordinator: string,
    session: string,
    layers: LayerRange | undefined,
    position: number,
    firstTask: number,
  ): Promise<number> {
    const places = this.#sessions.places(coordinator, session, layers);
    if (places.length === 0) throw new ShoalError('unknown-session', `Session ${session} is not open here.`);
    const left = await Promise.all(
      places.map((open) => {
        open.firstTask = firstTask;
        this.#work.dropBefore(open.lane, firstTask);
        return this.#work.run(open.lane, async () => {
          const reached = await this.#requireRunner().truncateSession(open.place, position);
          this.#kept.truncate(open.place, reached);
          return reached;
        });
      }),
    );
    return Math.min(...left);
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

  /**
   * Closes the session's place for `layers`, or all its places. Closing what is closed already is no error.
   * @param opening - the last that it is meant for; all when absent
   */
  async closeSession(coordinator: string, session: string, layers?: LayerRange, opening?: number): Promise<void> {
    this.#admission.leave(ticketOf(coordinator, session, layers), opening);
    if (opening !== undefined) this.#sessions.rememberClosed(coordinator, session, layers, opening);
    const places = this.#sessions.places(coordinator, session, layers);
    const meant = places.filter((open) => open.opening <= (opening ?? open.opening));
    await Promise.all(
      meant.map(async (open) => {
        this.#sessions.delete(open);
        this.#admission.released(open.usedAtMs - open.openedAtMs);
        this.#kept.delete(open.place);
        this.#work.dropBefore(open.lane, Number.POSITIVE_INFINITY);
        await this.#runner?.closeSession(open.place);
      }),
    );
  }

  close(): void {
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
  }

  /** Where others wait for a place, one that rests is given up: its coordinator builds it anew when it needs it. */
  async #makeRoom(): Promise<void> {
    const nowMs = Date.now();
    const resting =
      this.#admission.isFull(this.#sessions.size, nowMs) &&
      this.#sessions.resting(nowMs - this.#admission.limits.restMs);
    if (resting) await this.closeSession(resting.coordinator, resting.id, resting.layers);
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
      if (arrivedAtMs - open.loggedAtMs > LOG_INTERVAL_MS) announceTask(this.#manifest.shards, open.layers);
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
    open: StageSession,
    tokens: number,
    arrivedAtMs: number,
    output: StageOutput,
    together: number,
  ): Promise<void> {
    const { place, layers } = open;
    const timing: StageTiming = {
      peerId: this.#exchange.peerId,
      layers,
      waitMs: Math.max(0, performance.now() - arrivedAtMs - output.computeMs),
      computeMs: output.computeMs,
      roundTripMs: this.#exchange.roundTripMs(from),
    };
    // Of a place that was closed meanwhile nobody would take it back.
    if (output.hidden && this.#sessions.has(open)) this.#kept.keep(place, frame.position, output.hidden);
    this.#log.record(tokens, timing, together);
    await passOn(this.#exchange, frame, output, [...frame.timings, timing]);
  }

  async #fail(frame: TaskFrame, error: ShoalError): Promise<void> {
    this.#log.failed++;
    // In a scope that is not shared: whoever knows a session's id may speak in its name.
    log.warn('STAGE', `Task ${frame.task} failed: ${error.message}`);
    const { session, task, coordinator } = frame;
    await this.#exchange
      .deliver(coordinator, { kind: 'error', session, task, peerId: this.#exchange.peerId, error: error.toWire() })
      .catch(() => log.warn('STAGE', `The coordinator ${coordinator} is gone too.`));
  }

  #closeIdle(): void {
    for (const { coordinator, id, layers } of this.#sessions.expired(Date.now()))
      void this.closeSession(coordinator, id, layers);
  }
}

/** What waits for a place: of these layers, or the beginning of all that the session waits for. */
function ticketOf(coordinator: string, session: string, layers?: LayerRange): string {
  return `${coordinator} ${session} ${layers ? `${layers.start}-${layers.end}.` : ''}`;
}
