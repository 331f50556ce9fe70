import { ShoalError } from '../../core/errors.ts';
import type { LayerRange } from '../../core/ranges.ts';
import type { CheckpointName, LayerRunner, SessionCheckpoints } from '../../engine/layer-runner.ts';
import {
  CHECKPOINT_BYTES_PER_SECOND,
  CHECKPOINT_SHARE,
  MAX_CHECKPOINT_BYTES,
  MAX_CHECKPOINTS_PER_PEER,
  MIN_KEPT_TOKENS,
} from '../../protocol/limits.ts';
import type { ShardStore } from '../../store/shard-store.ts';
import type { StageSession, StageSessions } from './stage-sessions.ts';
import type { StageWork } from './stage-work.ts';

/** While somebody waits for an answer here a part is written this seldom: it takes the device some milliseconds. */
const YIELD_MS = 3000;
const YIELD_CHECK_MS = 100;
/** A session that answers comes by more often. */
const ANSWERING_MS = 500;
/** Between two checkpoints of others, however small. */
const LEAST_REST_MS = 2000;
/** Coordinators whose checkpoints are counted, the newest: the bytes of all of them are bounded too. */
const MAX_COORDINATORS = 256;

export interface StageCheckpointsOptions {
  /** This node's. */
  readonly peerId: string;
  readonly manifestId: string;
  readonly sessions: StageSessions;
  readonly work: StageWork;
  /** @throws ShoalError `shard-not-loaded` */
  readonly runner: () => LayerRunner;
  /** @throws ShoalError `consent-required`, `busy` where the owner lends a coordinator nothing */
  readonly checkLends: (coordinator: string) => void;
  /** What may be stored in this browser. */
  readonly storage: Pick<ShardStore, 'usage'>;
}

/** Keeps sessions of this node in its storage, and takes them up again. One is written at a time, after all that is served. */
export class StageCheckpoints {
  readonly #options: StageCheckpointsOptions;
  /** Written here, by coordinator; the newest last. */
  readonly #names = new Map<string, CheckpointName[]>();
  #writing = false;
  /** `performance.now()` before which nothing is written for others. */
  #restsUntilMs = 0;

  constructor(options: StageCheckpointsOptions) {
    this.#options = options;
  }

  /** @throws ShoalError as `StageServer.keepSession` */
  async keep(open: StageSession, name: string, length: number): Promise<void> {
    const { peerId, manifestId, checkLends } = this.#options;
    const { coordinator, layers } = open;
    const own = coordinator === peerId;
    const checkpoints = this.#require();
    if (!own) checkLends(coordinator);
    if (length < MIN_KEPT_TOKENS)
      throw new ShoalError('bad-request', `${length} positions are not kept; at least ${MIN_KEPT_TOKENS} are.`);
    const restMs = own ? 0 : this.#restsUntilMs - performance.now();
    if (this.#writing || restMs > 0) {
      const queue = { place: 1, seconds: Math.max(1, restMs / 1000) };
      throw new ShoalError('busy', 'This node has kept another session just now. Ask again later.', { queue });
    }
    this.#writing = true;
    let bytes = 0;
    try {
      const checkpoint = { name, manifestId, layers };
      bytes = await this.#write(checkpoints, open, checkpoint, length);
      await this.#count(checkpoints, coordinator, checkpoint);
    } finally {
      this.#writing = false;
      const restSeconds = bytes / CHECKPOINT_BYTES_PER_SECOND;
      if (!own) this.#restsUntilMs = performance.now() + Math.max(LEAST_REST_MS, 1000 * restSeconds);
    }
  }

  /**
   * Fills a session that has just been opened, before its first task.
   * @returns positions that it has then
   * @throws ShoalError `unknown-session` when it was closed meanwhile, `gpu-lost`
   */
  async restore(open: StageSession, name: string): Promise<number> {
    const { manifestId, work } = this.#options;
    const checkpoint = { name, manifestId, layers: open.layers };
    const length = await work.run(open.lane, () => this.#require().restore(open.place, checkpoint));
    open.keptTo = length;
    // Of rows that did not come by nobody can be told the hashes.
    if (length > 0) open.rows = undefined;
    return length;
  }

  async drop(name: string, layers: LayerRange): Promise<void> {
    const { manifestId, runner } = this.#options;
    await runner().checkpoints?.delete({ name, manifestId, layers });
  }

  /** @returns bytes written */
  async #write(
    checkpoints: SessionCheckpoints,
    open: StageSession,
    checkpoint: CheckpointName,
    length: number,
  ): Promise<number> {
    const { work } = this.#options;
    const unchanged = Math.min(open.keptTo, length);
    // What is rolled back from now on is not as it is written.
    open.keptTo = length;
    let whole = false;
    try {
      const maxBytes = Math.min(MAX_CHECKPOINT_BYTES, CHECKPOINT_SHARE * (await this.#freeBytes()));
      const bytes = await checkpoints.begin(open.place, checkpoint, { length, unchanged, maxBytes });
      while (!whole) {
        await this.#yield();
        // Between two tasks of the session.
        whole = await work.run(open.lane, async () => {
          if (open.keptTo < length) throw new ShoalError('aborted', 'The session goes on otherwise: it is not kept.');
          return checkpoints.writeNext(open.place);
        });
      }
      return bytes;
    } finally {
      if (!whole) open.keptTo = 0;
    }
  }

  /** As the browser said within the last minute: it takes long to tell. */
  async #freeBytes(): Promise<number> {
    const { usedBytes, quotaBytes } = await this.#options.storage.usage();
    return quotaBytes > 0 ? Math.max(0, quotaBytes - usedBytes) : Number.POSITIVE_INFINITY;
  }

  /** Lets go first who waits for an answer, for a while. */
  async #yield(): Promise<void> {
    const { work, sessions } = this.#options;
    const serves = () => work.length > 0 || sessions.usedSince(Date.now() - ANSWERING_MS) > 0;
    for (let waitedMs = 0; serves() && waitedMs < YIELD_MS; waitedMs += YIELD_CHECK_MS)
      await new Promise((resolve) => setTimeout(resolve, YIELD_CHECK_MS));
  }

  /** Of a coordinator that has too many the oldest goes. */
  async #count(checkpoints: SessionCheckpoints, coordinator: string, checkpoint: CheckpointName): Promise<void> {
    const others = (this.#names.get(coordinator) ?? []).filter(({ name }) => name !== checkpoint.name);
    const names = [...others, checkpoint];
    const oldest = names.length > MAX_CHECKPOINTS_PER_PEER ? names.shift() : undefined;
    this.#names.delete(coordinator);
    this.#names.set(coordinator, names);
    if (this.#names.size > MAX_COORDINATORS) this.#names.delete(this.#names.keys().next().value!);
    if (oldest) await checkpoints.delete(oldest);
  }

  #require(): SessionCheckpoints {
    const { checkpoints } = this.#options.runner();
    if (checkpoints) return checkpoints;
    throw new ShoalError('bad-request', 'This node keeps no sessions: its browser stores nothing.');
  }
}
