import { ShoalError } from '../../core/errors.ts';
import type { Unsubscribe } from '../../core/events.ts';
import { Lazy } from '../../core/lazy.ts';
import { log } from '../../core/log.ts';
import type { LayerRange } from '../../core/ranges.ts';
import type { Tally } from '../../core/tally.ts';
import type { LayerRunner } from '../../engine/layer-runner.ts';
import type { RouteStage } from '../../protocol/frames.ts';
import type { Manifest } from '../../protocol/manifest.ts';
import type { ShardStore } from '../../store/shard-store.ts';
import type { CommandClient } from '../frames/command-client.ts';
import type { FrameExchange } from '../frames/frame-exchange.ts';
import { Admission, type AdmissionLimits } from './admission.ts';
import type { DevicePace } from './device-watch.ts';
import { type Chunk, KeptOutputs, type PositionRange } from './kept-outputs.ts';
import { checkLending, LENDS_ALL, type Lending, restMs } from './lending.ts';
import { NextNodes } from './next-nodes.ts';
import { replayTask } from './replay.ts';
import { type RowDigests, RowHasher } from './row-digests.ts';
import type { StageCheckpoints } from './stage-checkpoints.ts';
import { type Neighbours, type PlaceRequest, type StageSession, StageSessions } from './stage-sessions.ts';
import { StageTasks } from './stage-tasks.ts';
import { StageWork } from './stage-work.ts';
import { TaskLog, type TaskRecord } from './task-log.ts';
import type { QueueLimits } from './task-queue.ts';

/** A session that answers comes by many times in this time, also in a slow swarm. */
const ACTIVE_MS = 5000;
/** An answer whose laps come less often than this is taken for ended. */
const ANSWERING_MS = 3000;
const SWEEP_INTERVAL_MS = 10_000;

/** How much a node takes on. */
export interface NodeLimits extends QueueLimits, AdmissionLimits {}

/** What has become of a task here. */
export interface TaskState extends DevicePace {
  readonly state: 'unknown' | 'held' | 'passed';
}

export interface StageServerOptions {
  readonly exchange: FrameExchange;
  readonly manifest: Manifest;
  readonly manifestId: string;
  /** What may be stored in this browser. */
  readonly storage: Pick<ShardStore, 'usage'>;
  /** By which other nodes are asked. */
  readonly commands: () => Pick<CommandClient, 'send'>;
  /** Whether the device may be busy with weights instead of tasks. */
  readonly loading: () => boolean;
  /** What the owner lends to others; all of it when absent. */
  readonly lending?: (() => Lending) | undefined;
  readonly limits?: Partial<NodeLimits> | undefined;
}

/** Serves this node's layers: opens, rolls back and closes the sessions' places, whose tasks `StageTasks` takes. */
export class StageServer {
  readonly #exchange: FrameExchange;
  readonly #sessions = new StageSessions();
  readonly #kept: KeptOutputs;
  readonly #admission: Admission;
  readonly #log = new TaskLog();
  readonly #cleanups: Unsubscribe[];
  readonly #work: StageWork;
  readonly #next: NextNodes;
  readonly #lending: () => Lending;
  readonly #manifestId: string;
  readonly #storage: Pick<ShardStore, 'usage'>;
  /** Most tabs keep none before they have answered for a while: its code comes with the first. */
  readonly #checkpoints = new Lazy(() => this.#loadCheckpoints());
  readonly #layerCount: number;
  #hasher: RowHasher | undefined;
  #runner: LayerRunner | undefined;

  constructor(options: StageServerOptions) {
    const { exchange, manifest, commands, loading, lending = () => LENDS_ALL, limits = {} } = options;
    this.#lending = lending;
    this.#manifestId = options.manifestId;
    this.#storage = options.storage;
    this.#exchange = exchange;
    const { width, layerCount } = manifest.hyperparameters;
    this.#layerCount = layerCount;
    this.#kept = new KeptOutputs(width);
    this.#work = new StageWork(layerCount, limits, loading, (computeMs) => restMs(computeMs, lending()));
    this.#admission = new Admission(limits);
    this.#next = new NextNodes(commands);
    const [sessions, kept, work, log, next] = [this.#sessions, this.#kept, this.#work, this.#log, this.#next];
    const hasher = () => this.#hasher!;
    const tasks = new StageTasks({ exchange, manifest, sessions, kept, work, log, next, hasher });
    const sweep = setInterval(() => {
      this.#closeIdle();
      if (this.#work.watch.hopeless) this.#runner?.giveUp?.('it does not answer');
    }, SWEEP_INTERVAL_MS);
    this.#cleanups = [() => clearInterval(sweep), () => tasks.close()];
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

  /** Answers that other tabs wait for. */
  get othersAnswers(): number {
    const own = this.#exchange.peerId;
    return this.#sessions.usedSince(Date.now() - ANSWERING_MS, ({ coordinator }) => coordinator !== own);
  }

  /** Whether somebody waits for an answer that runs through these layers, or some of them. */
  answeringIn({ start, end }: LayerRange): boolean {
    const runsThem = ({ layers }: { readonly layers: LayerRange }) => start < layers.end && layers.start < end;
    return this.#sessions.usedSince(Date.now() - ANSWERING_MS, runsThem) > 0;
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

  /** Layers times positions computed for others. */
  get lentWork(): Pick<Tally, 'total' | 'of'> {
    return this.#log.lentWork;
  }

  /** Positions computed. */
  get tokensDone(): number {
    return this.#log.tokens;
  }

  /** Of decodes for others, in all of a batch; 0 until the first. */
  get layersPerSecond(): number {
    return this.#log.layersPerSecond * this.#lending().share;
  }

  /**
   * @throws ShoalError `busy` with a place in the queue, `bad-request`, `limit-exceeded`, `shard-not-loaded`,
   * `out-of-memory`, `consent-required`, `timeout` when the device does not answer
   */
  async openSession(coordinator: string, request: PlaceRequest): Promise<{ maxTaskTokens: number; restored: number }> {
    const { session, layers, maxTokens, opening } = request;
    const runner = this.#requireRunner();
    const own = this.#sessions.countOf(this.#exchange.peerId);
    if (coordinator !== this.#exchange.peerId) checkLending(this.#lending(), coordinator, this.#sessions.size - own);
    this.#next.admit(coordinator, request.after);
    this.#hasher ??= await RowHasher.shared();
    if (this.#sessions.countOf(coordinator) < this.#admission.limits.sessionsPerPeer) await this.#makeRoom();
    // Looked at again after each closing: meanwhile a later opening may have come, or what closes this one.
    const olderPlace = () => this.#sessions.checkNew(coordinator, request);
    for (let older = olderPlace(); older; older = olderPlace())
      await this.closeSession(coordinator, session, layers, older.opening);
    const taken = { all: this.#sessions.size, own: this.#sessions.countOf(coordinator) };
    const name = ticketOf(coordinator, session, layers);
    this.#admission.enter({ coordinator, name, opening }, taken, Date.now());
    const open = this.#sessions.add(coordinator, request);
    const opened = runner.openSession({ session: open.place, layers, maxTokens });
    let restored = 0;
    try {
      await this.#work.watch.answered(opened);
      if (request.checkpoint !== undefined && runner.checkpoints)
        restored = await (await this.#checkpoints.get()).restore(open, request.checkpoint);
    } catch (error) {
      this.#sessions.delete(open);
      // The device may come back to it all the same.
      opened.then(() => runner.closeSession(open.place)).catch(() => undefined);
      throw error;
    }
    return { maxTaskTokens: runner.info.maxTaskTokens, restored };
  }

  /**
   * Keeps the first `length` positions of the session's place for `layers` in this browser's storage.
   * @throws ShoalError `unknown-session`, `bad-request` where nothing can be kept, or not so little or so much,
   * `consent-required`, `busy` while another is kept, `storage-full`, `aborted` when the session goes on otherwise meanwhile
   */
  async keepSession(
    coordinator: string,
    session: string,
    layers: LayerRange,
    name: string,
    length: number,
  ): Promise<void> {
    const open = this.#sessions.get(coordinator, session, layers);
    await (await this.#checkpoints.get()).keep(open, name, length);
  }

  /** Deletes what is kept of these layers under this name, whoever asks: nobody can guess it. */
  async dropCheckpoint(name: string, layers: LayerRange): Promise<void> {
    await (await this.#checkpoints.get()).drop(name, layers);
  }

  /**
   * Rolls back the session's place for `layers`, or all its places here.
   * @returns the tokens that are left, `position` or fewer; see `LayerRunner.truncateSession`
   * @throws ShoalError `unknown-session`, `timeout` when the device does not answer
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
        const done = this.#work.run(open.lane, async () => {
          const reached = await this.#work.watch.answered(this.#requireRunner().truncateSession(open.place, position));
          this.#kept.truncate(open.place, reached);
          open.keptTo = Math.min(open.keptTo, reached);
          open.rows?.in.truncate(reached);
          open.rows?.out.truncate(reached);
          return reached;
        });
        return this.#work.watch.reached(done);
      }),
    );
    return Math.min(...left);
  }

  /**
   * The neighbours of the session's place for `layers` are others now.
   * @throws ShoalError `unknown-session`, `limit-exceeded`
   */
  linkSession(coordinator: string, session: string, layers: LayerRange, neighbours: Neighbours): void {
    const open = this.#sessions.get(coordinator, session, layers);
    this.#next.admit(coordinator, neighbours.after);
    open.neighbours = neighbours;
  }

  /**
   * Whether the session's place for `layers` takes its tasks from `before`.
   * @throws ShoalError `unknown-session` unless it does
   */
  awaitSession(before: string, session: string, layers: LayerRange): void {
    this.#sessions.expecting(before, session, layers);
  }

  /** @throws ShoalError `unknown-session` */
  taskState(coordinator: string, session: string, layers: LayerRange, task: number): TaskState {
    const { arrivedTask, passedTask } = this.#sessions.get(coordinator, session, layers);
    const state = task > arrivedTask ? 'unknown' : task > passedTask ? 'held' : 'passed';
    return { state, ...this.#work.watch.pace() };
  }

  /**
   * Builds the stages that follow in `route` by sending them what the place for `layers` has kept of its outputs.
   * Resolves when that begins; later tasks of the place stay behind it, and what fails then goes to the coordinator.
   * @throws ShoalError `unknown-session`, `bad-request` when the first of them is no neighbour, `limit-exceeded` when the
   * outputs are not all kept
   */
  async replaySession(
    coordinator: string,
    session: string,
    layers: LayerRange,
    task: number,
    positions: PositionRange,
    maxTokens: number,
    route: readonly RouteStage[],
    show: boolean,
  ): Promise<void> {
    const open = this.#sessions.get(coordinator, session, layers);
    await this.#next.agreed(open, route[0]!);
    this.#sessions.use(open);
    const frameOf = ({ position, hidden }: Chunk) =>
      replayTask(session, task, coordinator, route, position, { dtype: 'f32', hidden }, show);
    await this.#sendKept(open, task, positions, maxTokens, (chunk) =>
      this.#exchange.deliver(route[0]!.peerId, frameOf(chunk)),
    );
  }

  /**
   * Sends the outputs that the place for `layers` has kept to the coordinator. Resolves when that begins.
   * @throws ShoalError `unknown-session`, `limit-exceeded` when they are not all kept
   */
  async showSession(
    coordinator: string,
    session: string,
    layers: LayerRange,
    task: number,
    positions: PositionRange,
    maxTokens: number,
  ): Promise<void> {
    const open = this.#sessions.get(coordinator, session, layers);
    await this.#sendKept(open, task, positions, maxTokens, ({ hidden }) =>
      this.#exchange.deliver(coordinator, { kind: 'result', session, task, rows: [], hidden, timings: [] }),
    );
  }

  /** A command must not wait for what a slow network takes minutes to carry. */
  async #sendKept(
    open: StageSession,
    task: number,
    positions: PositionRange,
    maxTokens: number,
    send: (chunk: Chunk) => Promise<void>,
  ): Promise<void> {
    const begun = Promise.withResolvers<void>();
    let hasBegun = false;
    const begin = () => {
      hasBegun = true;
      begun.resolve();
    };
    const sending = this.#work.run(open.lane, async () => {
      for (const chunk of this.#kept.replay(open.place, positions, maxTokens)) {
        begin();
        await send(chunk);
      }
    });
    sending.then(begin, (thrown: unknown) => {
      if (!hasBegun) return begun.reject(thrown);
      const error = ShoalError.from(thrown).toWire();
      const failed = { kind: 'error' as const, session: open.id, task, peerId: this.#exchange.peerId, error };
      this.#exchange.deliver(open.coordinator, failed).catch(() => undefined);
    });
    await begun.promise;
  }

  /**
   * SHA-256 over the first `length` rows that came to the place for `layers`, and over those that went.
   * @throws ShoalError `unknown-session`, `limit-exceeded` when there are fewer, `bad-request` when it was opened without
   */
  hashes(coordinator: string, session: string, layers: LayerRange, length: number): { in: string; out: string } {
    const { rows } = this.#sessions.get(coordinator, session, layers);
    if (!rows) throw new ShoalError('bad-request', `Session ${session} was opened without hashes of its rows.`);
    const root = (digests: RowDigests, count: number) => this.#hasher!.root(digests.first(count));
    // The last layers give no rows.
    return { in: root(rows.in, length), out: root(rows.out, layers.end === this.#layerCount ? 0 : length) };
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
        if (this.#runner) await this.#work.watch.answered(this.#runner.closeSession(open.place));
      }),
    );
  }

  close(): void {
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
  }

  /** Where others wait for a place, one that rests is given up: its coordinator builds it anew when it needs it. */
  async #makeRoom(): Promise<void> {
    const nowMs = Date.now();
    if (!this.#admission.isFull(this.#sessions.size, nowMs)) return;
    const given = this.#sessions.dispensable(nowMs - this.#admission.limits.restMs, this.#connected);
    if (given) await this.closeSession(given.coordinator, given.id, given.layers);
  }

  async #loadCheckpoints(): Promise<StageCheckpoints> {
    const module = await import('./stage-checkpoints.ts');
    return new module.StageCheckpoints({
      peerId: this.#exchange.peerId,
      manifestId: this.#manifestId,
      sessions: this.#sessions,
      work: this.#work,
      runner: () => this.#requireRunner(),
      checkLends: (coordinator) => checkLending(this.#lending(), coordinator, 0),
      storage: this.#storage,
    });
  }

  readonly #connected = (peerId: string): boolean => this.#exchange.isOpen(peerId);

  #requireRunner(): LayerRunner {
    if (!this.#runner) throw new ShoalError('shard-not-loaded', 'This node has no shard loaded.');
    return this.#runner;
  }

  #closeIdle(): void {
    for (const { coordinator, id, layers } of this.#sessions.expired(Date.now(), this.#connected))
      this.closeSession(coordinator, id, layers).catch((error: unknown) =>
        log.warn('STAGE', `A session's place was not closed: ${ShoalError.from(error).message}`),
      );
  }
}

/** What waits for a place: of these layers, or the beginning of all that the session waits for. */
function ticketOf(coordinator: string, session: string, layers?: LayerRange): string {
  return `${coordinator} ${session} ${layers ? `${layers.start}-${layers.end}.` : ''}`;
}
