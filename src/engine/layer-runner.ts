import type { WireError } from '../core/errors.ts';
import type { LayerRange } from '../core/ranges.ts';
import type { Hyperparameters } from '../model/hyperparameters.ts';
import type { CandidateRequest, Candidates } from '../protocol/frames.ts';
import type { ShardReader } from '../store/shard-store.ts';

/**
 * Tasks computed in one pass. A GPU reads each weight once for up to eight rows and takes hardly longer than for one;
 * where rows cost time, on a processor, the last of eight waits three times as long as alone, and more would wait longer.
 */
export const MAX_BATCH_TASKS = 8;

/** What a runner computes on. */
export interface RunnerInfo {
  readonly kind: 'webgpu' | 'cpu';
  /** The adapter's own words, for people. */
  readonly adapter: string;
  /** Why this kind of runner, for people. */
  readonly reason?: string;
  /** A software adapter: correct and slow. */
  readonly software: boolean;
  readonly maxBufferBytes: number;
  /** Weights that the device can address, all shards together; whether it has the memory shows when they are loaded. */
  readonly maxWeightBytes: number;
  /** Token positions of one task that this runner takes, at most `MAX_TASK_TOKENS`. */
  readonly maxTaskTokens: number;
}

export interface SessionOptions {
  readonly session: string;
  /** The layers that the session runs here; all of them loaded. */
  readonly layers: LayerRange;
  /** KV positions the session may come to hold. */
  readonly maxTokens: number;
}

export interface StageTask {
  readonly session: string;
  readonly layers: LayerRange;
  /** Must equal the session's length: tasks of a session come in order, after a truncation if need be. */
  readonly position: number;
  /** Ids `[T]` when `layers.start` is 0, hidden states `[T, C]` otherwise. */
  readonly input:
    | { readonly dtype: 'u32'; readonly ids: Uint32Array }
    | { readonly dtype: 'f32'; readonly hidden: Float32Array };
  /** Given when `layers.end` is L: candidates come out instead of hidden states. */
  readonly candidates?: CandidateRequest;
}

export interface StageOutput {
  /** `[T, C]`, unless the stage is the last. */
  readonly hidden?: Float32Array;
  /** Of the rows asked for, when the stage is the last. */
  readonly rows?: readonly Candidates[];
  /** Of the whole call where tasks were computed together. */
  readonly computeMs: number;
}

/** What became of one of several tasks. */
export type TaskResult = StageOutput | { readonly error: WireError };

/** Under which name a session's checkpoint is kept, and what it is good for. */
export interface CheckpointName {
  /** 32 hexadecimal digits that nobody can guess: whoever knows them may have what is kept. */
  readonly name: string;
  readonly manifestId: string;
  readonly layers: LayerRange;
}

/** How much of a session is to be kept. */
export interface CheckpointWanted {
  /** Positions, from the first. */
  readonly length: number;
  /** Of those, the first ones that are as they were when the session was last kept or restored: not written again. */
  readonly unchanged: number;
  /** What the checkpoints of this browser may take in all, bytes. */
  readonly maxBytes: number;
}

/** Sessions' caches in the browser's storage, so that a conversation outlasts its pages. */
export interface SessionCheckpoints {
  /**
   * Begins a checkpoint; the one before it under the same name stays until this one is whole.
   * @returns bytes that are to be written
   * @throws ShoalError `unknown-session`, `bad-request` beyond its end, `storage-full` where there is no room for it
   */
  begin(session: string, name: CheckpointName, wanted: CheckpointWanted): Promise<number>;
  /**
   * Writes the next part: some megabytes.
   * @returns whether that was the last, and the checkpoint is whole
   * @throws ShoalError `unknown-session`, `bad-request` unless it was begun, `storage-full`
   */
  writeNext(session: string): Promise<boolean>;
  /**
   * Fills an empty session. What is kept for another device, or is damaged, is not there.
   * @returns positions that it has then; 0 where nothing is kept
   * @throws ShoalError `unknown-session`, `gpu-lost`
   */
  restore(session: string, name: CheckpointName): Promise<number>;
  delete(name: CheckpointName): Promise<void>;
}

/**
 * Computes a contiguous layer range of one model: token ids or hidden states in, hidden states or candidates out.
 * Calls on one runner are queued; a task's output depends only on its session's earlier tasks and on the task itself,
 * never on how the layers are spread over runners.
 */
export interface LayerRunner {
  readonly info: RunnerInfo;
  readonly hyperparameters: Hyperparameters;
  /** Layer ranges of the loaded shards, ascending. */
  loadedShards(): readonly number[];
  /**
   * Streams the shard's tensors to the device, one at a time.
   * @throws ShoalError `bad-gguf`, `unsupported-tensor-type`, `out-of-memory`, `gpu-lost`, `aborted`
   */
  loadShard(
    reader: ShardReader,
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (loadedBytes: number) => void },
  ): Promise<void>;
  unloadShard(index: number): Promise<void>;
  /** @throws ShoalError `shard-not-loaded`, `limit-exceeded`, `out-of-memory` */
  openSession(options: SessionOptions): Promise<void>;
  /**
   * Rolls the session back to `position` tokens, or to fewer where layers have a state that was not kept there.
   * @returns the tokens that are left
   * @throws ShoalError `unknown-session`
   */
  truncateSession(session: string, position: number): Promise<number>;
  closeSession(session: string): Promise<void>;
  /** @throws ShoalError `unknown-session`, `context-full`, `bad-request`, `not-finite`, `gpu-lost` */
  execute(task: StageTask): Promise<StageOutput>;
  /**
   * Several tasks in one call, single positions of different sessions together: weights are read once for all of them.
   * Each gets what `execute` would give it, bit for bit, in the order of the tasks; what is wrong with one harms no other.
   * @throws ShoalError `gpu-lost` for all of them
   */
  executeBatch(tasks: readonly StageTask[]): Promise<readonly TaskResult[]>;
  /** KV positions that new sessions could still hold. */
  freeTokens(): number;
  /** Absent where there is nowhere to put them. */
  readonly checkpoints?: SessionCheckpoints | undefined;
  /** Resolves with the reason when the device is lost; the runner is then useless. */
  readonly lost: Promise<string>;
  /** Ends a device that does not answer any more, as if it were lost; absent where that cannot be. */
  giveUp?(reason: string): void;
  close(): Promise<void>;
}
