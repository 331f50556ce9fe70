import { ShoalError } from '../core/errors.ts';
import type { LayerRange } from '../core/ranges.ts';
import { allFinite } from '../engine/finite.ts';
import type {
  LayerRunner,
  RunnerInfo,
  SessionCheckpoints,
  SessionOptions,
  StageOutput,
  StageTask,
  TaskResult,
} from '../engine/layer-runner.ts';
import type { Hyperparameters } from '../model/hyperparameters.ts';
import type { ShardReader } from '../store/shard-store.ts';

/** What the layers of a session have seen, and what comes of more. */
export interface PretendSession {
  /** Positions seen. */
  readonly length: number;
  /** @param length - at most as many as there are */
  truncate(length: number): void;
  /** Sees the rows of a task that begins at `length`. */
  run(task: StageTask): Omit<StageOutput, 'computeMs'>;
}

export interface PretendRunnerOptions<Session> {
  readonly openSession: (layers: LayerRange) => Session;
  /** Time that tasks computed in one pass take, ms. */
  readonly computeMs: (tasks: readonly StageTask[]) => number;
  readonly info: Partial<RunnerInfo> & Pick<RunnerInfo, 'adapter'>;
  /** Goes back to multiples of this only, as layers with a state do; 1 unless given. */
  readonly stateStep?: number | undefined;
}

/**
 * A runner without weights: sessions, order of tasks, errors and times are those of a real one, and what its layers
 * compute is a function that is given. For simulations, and for tests of the swarm.
 */
export class PretendRunner<Session extends PretendSession = PretendSession> implements LayerRunner {
  readonly info: RunnerInfo;
  readonly hyperparameters: Hyperparameters;
  readonly lost: Promise<string>;
  readonly checkpoints: SessionCheckpoints | undefined;
  readonly #options: PretendRunnerOptions<Session>;
  readonly #loaded = new Set<number>();
  readonly #sessions = new Map<string, Session>();
  #lose: (reason: string) => void = () => undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(hyperparameters: Hyperparameters, options: PretendRunnerOptions<Session>) {
    this.hyperparameters = hyperparameters;
    this.#options = options;
    this.info = {
      kind: 'cpu',
      software: true,
      maxBufferBytes: 1 << 30,
      maxWeightBytes: Number.POSITIVE_INFINITY,
      maxTaskTokens: 16,
      ...options.info,
    };
    this.lost = new Promise((resolve) => {
      this.#lose = resolve;
    });
  }

  loadedShards(): readonly number[] {
    return [...this.#loaded].sort((a, b) => a - b);
  }

  async loadShard(reader: ShardReader, { onProgress }: Parameters<LayerRunner['loadShard']>[1] = {}): Promise<void> {
    for (let percent = 1; percent <= 100; percent++) {
      onProgress?.((reader.shard.sizeBytes * percent) / 100);
      if (percent % 10 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    this.#loaded.add(reader.shard.index);
  }

  async unloadShard(index: number): Promise<void> {
    this.#loaded.delete(index);
  }

  async openSession({ session, layers }: SessionOptions): Promise<void> {
    this.#sessions.set(session, this.#options.openSession(layers));
  }

  async truncateSession(name: string, wanted: number): Promise<number> {
    const session = this.session(name);
    const { length } = session;
    if (wanted > length) throw new ShoalError('bad-request', `${length} positions cannot go back to ${wanted}.`);
    const step = this.#options.stateStep ?? 1;
    const position = wanted === length ? wanted : Math.floor(wanted / step) * step;
    session.truncate(position);
    return position;
  }

  async closeSession(session: string): Promise<void> {
    this.#sessions.delete(session);
  }

  async execute(task: StageTask): Promise<StageOutput> {
    const [result] = await this.executeBatch([task]);
    if ('error' in result!) throw ShoalError.fromWire(result.error);
    return result!;
  }

  /** Takes the hidden values with their buffers, as a worker does. */
  executeBatch(tasks: readonly StageTask[]): Promise<readonly TaskResult[]> {
    const buffers = tasks.flatMap(({ input }) => (input.dtype === 'f32' ? [input.hidden.buffer] : []));
    const taken = structuredClone(tasks, { transfer: [...new Set(buffers as ArrayBuffer[])] });
    const done = this.#queue.then(() => this.#compute(taken));
    this.#queue = done.catch(() => undefined);
    return done;
  }

  freeTokens(): number {
    return 1_000_000;
  }

  async close(): Promise<void> {}

  get sessionIds(): string[] {
    return [...this.#sessions.keys()];
  }

  /** As when the GPU process dies. */
  protected loseSessions(reason: string): void {
    this.#sessions.clear();
    this.#lose(reason);
  }

  /** @throws ShoalError `unknown-session` */
  protected session(name: string): Session {
    const open = this.#sessions.get(name);
    if (!open) throw new ShoalError('unknown-session', `No session ${name}.`);
    return open;
  }

  async #compute(tasks: readonly StageTask[]): Promise<TaskResult[]> {
    const computeMs = this.#options.computeMs(tasks);
    if (computeMs > 0) await new Promise((resolve) => setTimeout(resolve, computeMs));
    return tasks.map((task) => {
      try {
        return { ...this.#execute(task), computeMs };
      } catch (error) {
        return { error: ShoalError.from(error).toWire() };
      }
    });
  }

  #execute(task: StageTask): Omit<StageOutput, 'computeMs'> {
    const session = this.session(task.session);
    const { position, input } = task;
    if (session.length !== position)
      throw new ShoalError('bad-request', `Position ${position}, expected ${session.length}.`);
    if (input.dtype === 'f32' && !allFinite(input.hidden)) throw new ShoalError('bad-input', 'No finite numbers.');
    return session.run(task);
  }
}
