/** What is known of a stored checkpoint without its name. */
export interface CheckpointHead {
  /** What it holds, encrypted; nothing to the store. */
  readonly sealed: Uint8Array<ArrayBuffer>;
  /** Of its parts together. */
  readonly bytes: number;
  readonly savedAtMs: number;
  readonly usedAtMs: number;
}

/**
 * Keeps checkpoints of sessions: parts of some megabytes, and a head that is written last and says that all of them are
 * there. All tabs of a browser share it, so that anything may be gone when it is asked for.
 */
export interface CheckpointStore {
  heads(): Promise<ReadonlyMap<string, CheckpointHead>>;
  head(id: string): Promise<CheckpointHead | undefined>;
  part(id: string, part: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** @throws ShoalError `storage-full` */
  putPart(id: string, part: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Stores the head, and deletes the parts that it does not need; both or nothing. @throws ShoalError `storage-full` */
  seal(id: string, head: CheckpointHead, parts: readonly string[]): Promise<void>;
  /** It was used now. */
  touch(id: string, usedAtMs: number): Promise<void>;
  delete(id: string): Promise<void>;
  /** Deletes parts whose head was never written, and which nobody has been writing since `beforeMs`. */
  sweep(beforeMs: number): Promise<void>;
}
