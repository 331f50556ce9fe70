import type {
  CheckpointName,
  CheckpointWanted,
  RunnerInfo,
  SessionOptions,
  StageOutput,
  StageTask,
  TaskResult,
} from '../src/engine/layer-runner.ts';
import type { Hyperparameters } from '../src/model/hyperparameters.ts';
import type { Manifest, ManifestShard } from '../src/protocol/manifest.ts';
import type { WorkerProgress } from './call-progress.ts';

/** Bytes of a shard, transferred. */
export type RemoteRead = (offset: number, length: number) => Promise<Uint8Array<ArrayBuffer>>;

/** What the page asks of a runner's worker; the same words as `LayerRunner`, with what cannot cross the boundary replaced. */
export interface RunnerWorkerApi {
  /** Takes the device. Called once, before everything else. @param threads - of the processor; as many as pay unless given */
  start(hyperparameters: Hyperparameters, threads: number | undefined): Promise<RunnerInfo>;
  /**
   * Reads the shard from the tab's store. `onProgress` is told the bytes loaded. `read` is a comlink proxy that reads
   * the shard where this worker cannot: in the page's memory.
   */
  loadShard(
    shard: ManifestShard,
    pieceLength: Manifest['pieceLength'],
    onProgress: WorkerProgress,
    read: RemoteRead | undefined,
  ): Promise<void>;
  /** Ends the load of this shard, if it is under way, with `aborted`. */
  abortLoad(index: number): void;
  unloadShard(index: number): Promise<void>;
  openSession(options: SessionOptions): Promise<void>;
  truncateSession(session: string, position: number): Promise<number>;
  closeSession(session: string): Promise<void>;
  /** The task's and the output's arrays are transferred. */
  execute(task: StageTask): Promise<StageOutput>;
  /** As `execute`, of several. */
  executeBatch(tasks: readonly StageTask[]): Promise<readonly TaskResult[]>;
  /** As `SessionCheckpoints.begin`; the bytes go from here into the tab's storage. */
  beginCheckpoint(session: string, name: CheckpointName, wanted: CheckpointWanted): Promise<number>;
  writeCheckpoint(session: string): Promise<boolean>;
  restoreCheckpoint(session: string, name: CheckpointName): Promise<number>;
  deleteCheckpoint(name: CheckpointName): Promise<void>;
  freeTokens(): number;
  /** Resolves when the device is lost. */
  lost(): Promise<string>;
  close(): Promise<void>;
}
