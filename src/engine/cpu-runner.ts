import { ShoalError } from '../core/errors.ts';
import { type CpuHost, CpuKernels } from '../cpu/kernels.ts';
import { MAX_MEMORY_BYTES } from '../cpu/memory.ts';
import type { Hyperparameters } from '../protocol/manifest.ts';
import type { ShardReader } from '../store/shard-store.ts';
import { checkTask } from './check-task.ts';
import { CpuExecutor } from './cpu-executor.ts';
import { CpuKvPool } from './cpu-kv-pool.ts';
import { CpuLoader } from './cpu-loader.ts';
import { CpuModel } from './cpu-model.ts';
import { type CpuPrecision, createCpuWorkspace, scratchBytes } from './cpu-workspace.ts';
import type { LayerRunner, RunnerInfo, SessionOptions, StageOutput, StageTask } from './layer-runner.ts';
import { CPU_TASK_TOKENS, MAX_KV_BYTES } from './limits.ts';
import { checkLayersLoaded, SessionTable } from './session-table.ts';
import { loadShardWeights } from './shard-loader.ts';
import { TaskQueue } from './task-queue.ts';
import type { LoadOptions } from './tensor-reader.ts';

export interface CpuRunnerOptions {
  readonly host: CpuHost;
  readonly hyperparameters: Hyperparameters;
  /** How many threads compute; 1 unless given, and where the host has none. */
  readonly threads?: number;
  /** `i16` unless given. */
  readonly precision?: CpuPrecision;
  /** Cap of all sessions' KV pages; `MAX_KV_BYTES` unless given. */
  readonly maxKvBytes?: number;
}

/**
 * A runner on the processor, in WebAssembly. It computes in the calling thread, which it blocks meanwhile.
 * @throws ShoalError `unsupported-architecture` for head sizes that the kernels cannot do, `out-of-memory`
 */
export async function createCpuRunner(options: CpuRunnerOptions): Promise<LayerRunner> {
  const { host, hyperparameters, threads = 1, precision = 'i16', maxKvBytes = MAX_KV_BYTES } = options;
  const { headSize } = hyperparameters;
  if (headSize % 4 !== 0) {
    throw new ShoalError(
      'unsupported-architecture',
      `The model has heads of ${headSize} elements; supported are multiples of 4.`,
    );
  }
  const kernels = await CpuKernels.open(host, threads, scratchBytes(hyperparameters));
  return new CpuRunner(kernels, hyperparameters, precision, maxKvBytes);
}

class CpuRunner implements LayerRunner {
  readonly info: RunnerInfo;
  readonly hyperparameters: Hyperparameters;
  /** A processor is never lost. */
  readonly lost: Promise<string> = new Promise(() => undefined);
  readonly #kernels: CpuKernels;
  readonly #pool: CpuKvPool;
  readonly #model: CpuModel;
  readonly #sessions: SessionTable;
  readonly #executor: CpuExecutor;
  readonly #queue = new TaskQueue();
  #closed = false;

  constructor(kernels: CpuKernels, model: Hyperparameters, precision: CpuPrecision, maxKvBytes: number) {
    this.#kernels = kernels;
    this.hyperparameters = model;
    this.info = {
      kind: 'cpu',
      adapter: `WebAssembly, ${kernels.threads} ${kernels.threads === 1 ? 'thread' : 'threads'}`,
      software: false,
      maxBufferBytes: MAX_MEMORY_BYTES,
      maxTaskTokens: CPU_TASK_TOKENS,
    };
    const workspace = createCpuWorkspace(kernels.memory, model, precision);
    this.#pool = new CpuKvPool(kernels.memory, model, maxKvBytes);
    this.#model = new CpuModel(this.#pool);
    this.#sessions = new SessionTable(this.#pool, model.contextLength);
    this.#executor = new CpuExecutor(kernels, model, workspace, this.#model, this.#pool);
  }

  loadedShards(): readonly number[] {
    return this.#model.shardIndexes;
  }

  loadShard(reader: ShardReader, options: LoadOptions = {}): Promise<void> {
    const { index, layers } = reader.shard;
    return this.#run(async () => {
      if (this.#model.has(index)) return;
      const loader = new CpuLoader(this.#kernels, reader, options);
      const weights = await loadShardWeights(this.hyperparameters, reader, loader);
      try {
        this.#model.add(index, layers, weights);
      } catch (error) {
        weights.destroy();
        throw error;
      }
    });
  }

  unloadShard(index: number): Promise<void> {
    return this.#run(async () => {
      const gone = this.#model.remove(index);
      if (gone) this.#sessions.closeTouching(gone);
    });
  }

  openSession(options: SessionOptions): Promise<void> {
    return this.#run(async () => {
      checkLayersLoaded(options.layers, (layer) => this.#model.hasLayer(layer));
      this.#sessions.open(options);
    });
  }

  truncateSession(session: string, position: number): Promise<void> {
    return this.#run(async () => this.#sessions.truncate(session, position));
  }

  closeSession(session: string): Promise<void> {
    return this.#run(async () => this.#sessions.close(session));
  }

  execute(task: StageTask): Promise<StageOutput> {
    return this.#run(async () => {
      const session = this.#sessions.get(task.session);
      const tokens = checkTask(task, session, this.hyperparameters, this.info.maxTaskTokens);
      return this.#executor.execute(task, session, tokens);
    });
  }

  freeTokens(): number {
    return this.#pool.freeTokens;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#queue.run(async () => this.#kernels.close());
  }

  #run<Result>(call: () => Promise<Result>): Promise<Result> {
    return this.#queue.run(async () => {
      if (this.#closed) throw new ShoalError('gpu-lost', 'The runner is closed.');
      return call();
    });
  }
}
