import { ShoalError } from '../core/errors.ts';
import { log } from '../core/log.ts';
import type { GpuContext } from '../gpu/context.ts';
import { type GpuDevice, openDevice } from '../gpu/device.ts';
import { Kernels } from '../gpu/kernels.ts';
import { tuningFor } from '../gpu/tuning.ts';
import type { Hyperparameters } from '../protocol/manifest.ts';
import type { ShardReader } from '../store/shard-store.ts';
import { checkTask } from './check-task.ts';
import { KvPool } from './kv-pool.ts';
import type { LayerRunner, RunnerInfo, SessionOptions, StageOutput, StageTask } from './layer-runner.ts';
import { MAX_KV_BYTES, maxTaskTokens } from './limits.ts';
import { LoadedModel } from './loaded-model.ts';
import { checkLayersLoaded, SessionTable } from './session-table.ts';
import { loadShardWeights } from './shard-loader.ts';
import { TaskExecutor } from './task-executor.ts';
import { TaskQueue } from './task-queue.ts';
import { TensorLoader } from './tensor-loader.ts';
import type { LoadOptions } from './tensor-reader.ts';
import { createWorkspace } from './workspace.ts';

export interface WebGpuRunnerOptions {
  /** `navigator.gpu`, in a page, a worker, or Node. */
  readonly gpu: GPU;
  readonly hyperparameters: Hyperparameters;
  /** Cap of all sessions' KV pages; `MAX_KV_BYTES` unless given. */
  readonly maxKvBytes?: number;
}

/**
 * A runner on the strongest adapter that `gpu` has.
 * @throws ShoalError `no-webgpu`; `unsupported-architecture` for head sizes that the kernels cannot do
 */
export async function createWebGpuRunner(options: WebGpuRunnerOptions): Promise<LayerRunner> {
  const { gpu, hyperparameters, maxKvBytes = MAX_KV_BYTES } = options;
  const { headSize } = hyperparameters;
  if (headSize % 4 !== 0 || headSize > MAX_HEAD_SIZE) {
    throw new ShoalError(
      'unsupported-architecture',
      `The model has heads of ${headSize} elements; supported are multiples of 4 up to ${MAX_HEAD_SIZE}.`,
    );
  }
  return new WebGpuRunner(await openDevice(gpu), hyperparameters, maxKvBytes);
}

/** An attention workgroup has a thread for every four elements of a head, and WebGPU's default is 256 threads. */
const MAX_HEAD_SIZE = 1024;

class WebGpuRunner implements LayerRunner {
  readonly info: RunnerInfo;
  readonly hyperparameters: Hyperparameters;
  readonly lost: Promise<string>;
  readonly #gpu: GpuDevice;
  readonly #pool: KvPool;
  readonly #model: LoadedModel;
  readonly #sessions: SessionTable;
  readonly #executor: TaskExecutor;
  readonly #queue = new TaskQueue();
  #lostReason: string | undefined;
  #closed = false;

  constructor(gpu: GpuDevice, model: Hyperparameters, maxKvBytes: number) {
    const maxTokens = maxTaskTokens(gpu.software);
    const workspace = createWorkspace(gpu, model, maxTokens);
    const kernels = new Kernels(gpu.device, workspace.tasks.buffer);
    const context: GpuContext = { gpu, kernels, tuning: tuningFor(gpu) };
    this.#gpu = gpu;
    this.hyperparameters = model;
    this.info = {
      kind: 'webgpu',
      adapter: gpu.adapter,
      software: gpu.software,
      maxBufferBytes: gpu.maxBindingBytes,
      maxTaskTokens: maxTokens,
    };
    this.#pool = new KvPool(gpu.device, model, maxKvBytes, gpu.maxBindingBytes);
    this.#model = new LoadedModel(context, model, workspace, this.#pool);
    this.#sessions = new SessionTable(this.#pool, model.contextLength);
    this.#executor = new TaskExecutor(gpu.device, model, workspace, this.#model, this.#pool);
    this.lost = new Promise((resolve) => {
      void gpu.lost.then((reason) => {
        this.#lostReason = reason;
        if (!this.#closed) resolve(reason);
      });
    });
    gpu.device.addEventListener('uncapturederror', ({ error }) => log.error('GPU', error.message));
  }

  loadedShards(): readonly number[] {
    return this.#model.shardIndexes;
  }

  loadShard(reader: ShardReader, options: LoadOptions = {}): Promise<void> {
    const { index, layers } = reader.shard;
    return this.#run(async () => {
      if (this.#model.has(index)) return;
      const weights = await loadShardWeights(
        this.hyperparameters,
        reader,
        new TensorLoader(this.#gpu, reader, options),
      );
      try {
        await this.#model.add(index, layers, weights);
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
    await this.#queue.run(async () => this.#gpu.device.destroy());
  }

  /** In turn; a call that fails because the device is gone says so. */
  #run<Result>(call: () => Promise<Result>): Promise<Result> {
    return this.#queue.run(async () => {
      this.#checkDevice();
      try {
        return await call();
      } catch (error) {
        if (error instanceof ShoalError) throw error;
        // The loss is told after the calls that it breaks have failed.
        await Promise.race([this.#gpu.lost, new Promise((resolve) => setTimeout(resolve, 0))]);
        this.#checkDevice();
        throw ShoalError.from(error);
      }
    });
  }

  #checkDevice(): void {
    if (this.#closed) throw new ShoalError('gpu-lost', 'The runner is closed.');
    if (this.#lostReason !== undefined)
      throw new ShoalError('gpu-lost', `The GPU was lost: ${this.#lostReason}. Load the shard again.`);
  }
}
