import * as comlink from 'comlink';
import { ShoalError } from '../src/core/errors.ts';
import type {
  LayerRunner,
  RunnerInfo,
  SessionCheckpoints,
  SessionOptions,
  StageOutput,
  StageTask,
  TaskResult,
} from '../src/engine/layer-runner.ts';
import type { Hyperparameters } from '../src/model/hyperparameters.ts';
import type { ShardReader } from '../src/store/shard-store.ts';
import { withProgress } from './call-progress.ts';
import type { RemoteRead, RunnerWorkerApi } from './runner-contract.ts';
import { startWorker } from './start-worker.ts';
import { installErrorTransfer, rejectWhenDead } from './worker-errors.ts';
import { hearLog } from './worker-log.ts';

/** Which runner, and why, for people. */
export interface RunnerChoice {
  readonly kind: RunnerInfo['kind'];
  readonly reason: string;
  /** Of the processor; as many as pay unless given. */
  readonly threads?: number | undefined;
  /** What to run on when the first choice does not start. */
  readonly otherwise?: RunnerChoice;
}

/**
 * Starts a worker with the chosen runner.
 * @param pieceLength - of the store's pieces
 * @param readsHere - shards are in this page's memory, and are read here for the worker
 * @throws ShoalError `no-webgpu`
 */
export async function createWorkerRunner(
  { kind, reason, threads, otherwise }: RunnerChoice,
  hyperparameters: Hyperparameters,
  pieceLength: number,
  readsHere = false,
): Promise<LayerRunner> {
  installErrorTransfer();
  const worker = startWorker(kind === 'webgpu' ? 'gpu' : 'cpu');
  hearLog(worker);
  const api = rejectWhenDead(worker, comlink.wrap<RunnerWorkerApi>(worker));
  try {
    const info = { ...(await api.start(hyperparameters, threads)), reason };
    return new WorkerRunner(worker, api, hyperparameters, pieceLength, readsHere, info);
  } catch (error) {
    worker.terminate();
    if (otherwise) return createWorkerRunner(otherwise, hyperparameters, pieceLength, readsHere);
    throw error;
  }
}

function remoteRead(reader: ShardReader): RemoteRead {
  return comlink.proxy((offset, length) =>
    reader.read(offset, length).then((bytes) => comlink.transfer(bytes, [bytes.buffer])),
  );
}

/** They go from the worker into the storage, and back. */
function checkpointsOf(api: comlink.Remote<RunnerWorkerApi>): SessionCheckpoints {
  return {
    begin: (session, name, wanted) => api.beginCheckpoint(session, name, wanted),
    writeNext: (session) => api.writeCheckpoint(session),
    restore: (session, name) => api.restoreCheckpoint(session, name),
    delete: (name) => api.deleteCheckpoint(name),
  };
}

/** A runner in a worker, as the page's threads see it. */
class WorkerRunner implements LayerRunner {
  readonly info: RunnerInfo;
  readonly hyperparameters: Hyperparameters;
  readonly lost: Promise<string>;
  readonly checkpoints: SessionCheckpoints | undefined;
  readonly #worker: Worker;
  readonly #api: comlink.Remote<RunnerWorkerApi>;
  readonly #pieceLength: number;
  readonly #readsHere: boolean;
  readonly #loaded = new Set<number>();
  readonly #givenUp = Promise.withResolvers<string>();
  #freeTokens = 0;

  constructor(
    worker: Worker,
    api: comlink.Remote<RunnerWorkerApi>,
    hyperparameters: Hyperparameters,
    pieceLength: number,
    readsHere: boolean,
    info: RunnerInfo,
  ) {
    this.#worker = worker;
    this.#api = api;
    this.#pieceLength = pieceLength;
    this.#readsHere = readsHere;
    this.hyperparameters = hyperparameters;
    this.info = info;
    // Encryption is for secure contexts; a page in whose memory shards lie stores nothing.
    const keeps = !readsHere && globalThis.crypto?.subtle !== undefined;
    this.checkpoints = keeps ? checkpointsOf(api) : undefined;
    // A worker that died has lost its device too.
    const lost = api.lost().catch((error: unknown) => ShoalError.from(error).message);
    this.lost = Promise.race([lost, this.#givenUp.promise]);
  }

  loadedShards(): readonly number[] {
    return [...this.#loaded].sort((a, b) => a - b);
  }

  async loadShard(
    reader: ShardReader,
    options: { readonly signal?: AbortSignal; readonly onProgress?: (loadedBytes: number) => void } = {},
  ): Promise<void> {
    const { shard } = reader;
    const { signal, onProgress } = options;
    signal?.throwIfAborted();
    const read = this.#readsHere ? remoteRead(reader) : undefined;
    const abort = () => void this.#api.abortLoad(shard.index);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await withProgress(onProgress, (progress) => this.#api.loadShard(shard, this.#pieceLength, progress, read));
      this.#loaded.add(shard.index);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
    await this.#refresh();
  }

  async unloadShard(index: number): Promise<void> {
    await this.#api.unloadShard(index);
    this.#loaded.delete(index);
  }

  async openSession(options: SessionOptions): Promise<void> {
    await this.#api.openSession(options);
    await this.#refresh();
  }

  truncateSession(session: string, position: number): Promise<number> {
    return this.#api.truncateSession(session, position);
  }

  async closeSession(session: string): Promise<void> {
    await this.#api.closeSession(session);
    await this.#refresh();
  }

  execute(task: StageTask): Promise<StageOutput> {
    const { input } = task;
    return this.#api.execute(input.dtype === 'f32' ? comlink.transfer(task, [input.hidden.buffer]) : task);
  }

  executeBatch(tasks: readonly StageTask[]): Promise<readonly TaskResult[]> {
    const buffers = tasks.flatMap(({ input }) => (input.dtype === 'f32' ? [input.hidden.buffer] : []));
    return this.#api.executeBatch(comlink.transfer(tasks, buffers));
  }

  /** As of the last session opened or closed. */
  freeTokens(): number {
    return this.#freeTokens;
  }

  giveUp(reason: string): void {
    this.#worker.terminate();
    this.#givenUp.resolve(reason);
  }

  async close(): Promise<void> {
    await this.#api.close().catch(() => undefined);
    this.#worker.terminate();
  }

  async #refresh(): Promise<void> {
    this.#freeTokens = await this.#api.freeTokens();
  }
}
