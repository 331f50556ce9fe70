import { ShoalError } from '../../../src/core/errors.ts';
import type { LayerRange } from '../../../src/core/ranges.ts';
import { allFinite } from '../../../src/engine/finite.ts';
import type {
  CheckpointName,
  LayerRunner,
  RunnerInfo,
  SessionCheckpoints,
  SessionOptions,
  StageOutput,
  StageTask,
  TaskResult,
} from '../../../src/engine/layer-runner.ts';
import type { Hyperparameters } from '../../../src/model/hyperparameters.ts';
import type { CandidateRequest, Candidates } from '../../../src/protocol/frames.ts';
import type { ShardReader } from '../../../src/store/shard-store.ts';

export interface ArithmeticRunnerOptions {
  readonly maxTaskTokens?: number;
  readonly maxWeightBytes?: number;
  /** Time that a task takes, as a device of its own would. */
  readonly computeMs?: number;
  /** Time that each further task of a batch takes; as long as the first unless given, as if nothing were shared. */
  readonly furtherMs?: number;
  /** Goes back to multiples of this only, as layers with a state do; 1 unless given. */
  readonly stateStep?: number;
  /** Where sessions are kept; nothing is kept when absent. */
  readonly disk?: ArithmeticDisk | undefined;
}

/** Kept caches, of each layer, by name and layers. */
export type ArithmeticDisk = Map<string, number[][]>;

/**
 * A runner for tests of the swarm: exact integer arithmetic in place of a network, in which every layer depends on its
 * number, the position, and everything that the session has seen at that layer. A lost, doubled, reordered or stale
 * task changes the tokens.
 */
export class ArithmeticRunner implements LayerRunner {
  readonly info: RunnerInfo;
  readonly hyperparameters: Hyperparameters;
  readonly lost: Promise<string>;
  readonly #options: ArithmeticRunnerOptions;
  readonly checkpoints: SessionCheckpoints | undefined;
  readonly #loaded = new Set<number>();
  /** Per session and layer: the values seen, one a position. */
  readonly #sessions = new Map<string, { readonly layers: LayerRange; readonly caches: number[][] }>();
  #lose: (reason: string) => void = () => undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(hyperparameters: Hyperparameters, options: ArithmeticRunnerOptions = {}) {
    this.hyperparameters = hyperparameters;
    this.#options = options;
    this.info = {
      kind: 'cpu',
      adapter: 'integer arithmetic',
      software: true,
      maxBufferBytes: 1 << 30,
      maxWeightBytes: options.maxWeightBytes ?? Number.POSITIVE_INFINITY,
      maxTaskTokens: options.maxTaskTokens ?? 16,
    };
    this.checkpoints = options.disk && this.#checkpointsOn(options.disk);
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
    this.#sessions.set(session, { layers, caches: Array.from({ length: layers.end - layers.start }, () => []) });
  }

  async truncateSession(session: string, wanted: number): Promise<number> {
    const { caches } = this.#session(session);
    const { length } = caches[0]!;
    if (wanted > length) throw new ShoalError('bad-request', `${length} positions cannot go back to ${wanted}.`);
    const step = this.#options.stateStep ?? 1;
    const position = wanted === length ? wanted : Math.floor(wanted / step) * step;
    for (const cache of caches) cache.length = position;
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

  get sessionCount(): number {
    return this.#sessions.size;
  }

  get sessionIds(): string[] {
    return [...this.#sessions.keys()];
  }

  freeTokens(): number {
    return 1_000_000;
  }

  /** As when the GPU process dies. */
  loseDevice(): void {
    this.#sessions.clear();
    this.#lose('test');
  }

  async close(): Promise<void> {}

  /** Half of a checkpoint is a part, so that something can come between. */
  #checkpointsOn(disk: ArithmeticDisk): SessionCheckpoints {
    const begun = new Map<string, { readonly key: string; readonly length: number; parts: number }>();
    const keyOf = ({ name, layers }: CheckpointName) => `${name} ${layers.start}-${layers.end}`;
    return {
      begin: async (session, name, { length }) => {
        begun.set(session, { key: keyOf(name), length, parts: 0 });
        return 8 * length;
      },
      writeNext: async (session) => {
        const draft = begun.get(session)!;
        if (++draft.parts < 2) return false;
        const { caches } = this.#session(session);
        if (caches[0]!.length < draft.length) throw new ShoalError('bad-request', 'So much is not there.');
        disk.set(
          draft.key,
          caches.map((cache) => cache.slice(0, draft.length)),
        );
        return true;
      },
      restore: async (session, name) => {
        const kept = disk.get(keyOf(name));
        for (const [layer, cache] of this.#session(session).caches.entries()) cache.push(...(kept?.[layer] ?? []));
        return kept?.[0]?.length ?? 0;
      },
      delete: async (name) => void disk.delete(keyOf(name)),
    };
  }

  async #compute(tasks: readonly StageTask[]): Promise<TaskResult[]> {
    const { computeMs: firstMs = 0, furtherMs = firstMs } = this.#options;
    const computeMs = firstMs + (tasks.length - 1) * furtherMs;
    if (computeMs > 0) await new Promise((resolve) => setTimeout(resolve, computeMs));
    return tasks.map((task) => {
      try {
        return { ...this.#execute(task), computeMs };
      } catch (error) {
        return { error: ShoalError.from(error).toWire() };
      }
    });
  }

  #execute({ session, layers, position, input, candidates }: StageTask): Omit<StageOutput, 'computeMs'> {
    const { caches } = this.#session(session);
    if (caches[0]!.length !== position)
      throw new ShoalError('bad-request', `Position ${position}, expected ${caches[0]!.length}.`);
    if (input.dtype === 'f32' && !allFinite(input.hidden)) throw new ShoalError('bad-input', 'No finite numbers.');
    let rows = input.dtype === 'u32' ? [...input.ids] : [...input.hidden];
    for (const [offset, cache] of caches.entries())
      rows = rows.map((value) => step(value, layers.start + offset, cache));
    if (!candidates) return { hidden: Float32Array.from(rows) };
    const wanted = candidates.rows === 'none' ? [] : candidates.rows === 'last' ? rows.slice(-1) : rows;
    return {
      rows: wanted.map((value) => candidatesOf(value, candidates, this.hyperparameters.vocabularySize)),
    };
  }

  #session(session: string) {
    const open = this.#sessions.get(session);
    if (!open) throw new ShoalError('unknown-session', `No session ${session}.`);
    return open;
  }
}

/** Values stay below 2^20, so that f32 carries them exactly. */
const MODULUS = 1_000_003;

function step(value: number, layer: number, cache: number[]): number {
  cache.push(value);
  const history = cache.reduce((sum, seen, position) => (sum * 31 + seen + position) % MODULUS, layer + 1);
  return (value * 7 + history) % MODULUS;
}

function candidatesOf(value: number, request: CandidateRequest, vocabularySize: number): Candidates {
  const first = value % vocabularySize;
  const ids = Uint32Array.from(
    { length: Math.min(request.count, vocabularySize) },
    (_, rank) => (first + rank * 17) % vocabularySize,
  );
  return {
    ids,
    logits: Float32Array.from(ids, (_, rank) => -rank),
    logSumExp: 0.46,
    wantedLogits: new Float32Array(request.wantedIds.length),
  };
}
