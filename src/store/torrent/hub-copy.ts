import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import type { ManifestShard } from '../../protocol/manifest.ts';
import { sourceHost } from '../../protocol/model-source.ts';
import type { HubModelOptions } from '../hub/hub-model.ts';
import type { HubRefusal } from '../hub/hub-thread.ts';
import { type HubTrouble, isLasting } from '../hub/hub-trouble.ts';
import type { FetchedRun, StoreThread } from '../idb/store-thread.ts';
import type { HubView } from '../shard-store.ts';
import type { PieceRun } from './piece-window.ts';
import { RunLength } from './run-length.ts';

/** Nobody who is there has had a missing piece for so long: then nobody will. */
const PATIENCE_MS = 10_000;
/** As `PATIENCE_MS`, where the tracker knows nobody either. */
const LONELY_MS = 5000;
const LOOK_MS = 1000;
/** Requests under way at once; the thread has a limit for all shards together. */
const LANES = 2;
/** A request is as long as brings something about this often, up to `MAX_RUN_BYTES`: hubs count requests. */
const RUN_MS = 2000;
const MAX_RUN_BYTES = 8 * 1024 * 1024;
/** Wrong pieces after which it is not asked any more; one may be a proxy's fault. */
const MAX_WRONG_PIECES = 2;
/** Of a shard's bytes, as much as a hub is asked for at most: what breaks off comes again, and a manifest may lie. */
const MAX_SHARE = 1.5;
/** Pauses after failures in a row, doubling. */
const FIRST_REST_MS = 15_000;
const LONGEST_REST_MS = 300_000;

/** What such a hub does. */
export const WRONG_BYTES = 'gives other bytes than the manifest names';

/** Where a model's whole file lies, and whether it may be asked. */
export interface HubOptions extends HubModelOptions {
  /** Whether the owner lets this tab ask it. */
  readonly allowed: () => boolean;
}

/** What outlives an exchange of a shard. */
export interface HubRecord {
  /** Asked for since the shard was last whole, or the page was opened. */
  askedBytes: number;
  /** Why it is not asked any more. */
  refusal: HubRefusal | undefined;
}

/** The pieces of a shard that a hub may be asked for. */
export interface HubWindow {
  /** How many are not stored yet. */
  readonly open: number;
  /** How many of them only the hub can bring now. */
  readonly lacking: number;
  /** Consecutive ones of these; they are on their way until `giveBack`. @param most - how many at most */
  takeLacking(most: number): PieceRun | undefined;
  giveBack(run: PieceRun): void;
}

export interface HubCopyOptions {
  readonly hub: HubOptions;
  readonly record: HubRecord;
  readonly shard: ManifestShard;
  readonly pieceLength: number;
  readonly thread: Pick<StoreThread, 'fetchFromHub'>;
  readonly window: HubWindow;
  /** Whether pieces can be taken at the moment. */
  readonly ready: () => boolean;
  /** SHA-1 of each of these, hexadecimal; undefined where nobody has told them. */
  readonly sha1Of: (run: PieceRun) => readonly string[] | undefined;
  /** Whether the server is about to bring pieces. */
  readonly serverGives: () => boolean;
  /** Whether the tracker has been asked, and nobody is known by it. */
  readonly nobodyKnown: () => boolean;
  readonly onFetched: (run: FetchedRun) => void;
  /** The browser's storage failed. */
  readonly onError: (error: ShoalError) => void;
}

/**
 * The model's file on the web as the last resort for one shard: asked for the pieces that nobody has who is there, when
 * that has been so for a while. What it gives is checked and stored as what the server gives.
 */
export class HubCopy {
  readonly host: string;
  readonly #options: HubCopyOptions;
  readonly #runLength: RunLength;
  #stop = new AbortController();
  #look: ReturnType<typeof setInterval> | undefined;
  /** Since when nobody has had what is missing, `performance.now()`. */
  #lackingSinceMs: number | undefined;
  #active = false;
  #running = 0;
  #failures = 0;
  #restUntilMs = Number.NEGATIVE_INFINITY;
  #resting: HubRefusal | undefined;
  #wrongPieces = 0;
  #closed = false;

  constructor(options: HubCopyOptions) {
    this.#options = options;
    const { pieceLength } = options;
    this.#runLength = new RunLength({ everyMs: RUN_MS, maxBytes: MAX_RUN_BYTES, pieceLength });
    this.host = sourceHost(options.hub.source);
  }

  /** Whether it gives pieces at the moment, as far as anybody knows. */
  get active(): boolean {
    return this.#active;
  }

  get view(): Omit<HubView, 'bytes'> {
    const { hub, record } = this.#options;
    const { host } = this;
    if (record.refusal) return { host, state: 'refused', trouble: record.refusal.trouble };
    if (!hub.allowed()) return { host, state: 'off', trouble: undefined };
    if (this.#active) return { host, state: 'fetching', trouble: undefined };
    const trouble = this.#resting?.trouble;
    return { host, state: trouble === undefined ? 'idle' : 'resting', trouble };
  }

  /** Something is missing: looks from time to time whether it must be asked. */
  wake(): void {
    if (this.#closed || this.#look) return;
    this.#look = setInterval(() => this.look(), LOOK_MS);
    this.look();
  }

  close(): void {
    this.#closed = true;
    this.#active = false;
    clearInterval(this.#look);
    this.#stop.abort();
  }

  /** Somebody else brings pieces. */
  #rest(): void {
    this.#lackingSinceMs = undefined;
    this.#active = false;
    this.#resting = undefined;
  }

  look(): void {
    const { hub, record, window, ready, serverGives, nobodyKnown } = this.#options;
    if (this.#closed) return;
    if (window.open === 0) {
      this.#rest();
      clearInterval(this.#look);
      this.#look = undefined;
      return;
    }
    if (!hub.allowed() && this.#active) this.#interrupt();
    if (serverGives()) {
      this.#rest();
      return;
    }
    if (!ready() || !hub.allowed() || record.refusal || window.lacking === 0) {
      // What is on its way lacks as well, and comes.
      if (this.#running === 0 || record.refusal || !hub.allowed()) this.#rest();
      return;
    }
    const now = performance.now();
    this.#lackingSinceMs ??= now;
    const patienceMs = nobodyKnown() ? LONELY_MS : PATIENCE_MS;
    if (now - this.#lackingSinceMs < patienceMs || now < this.#restUntilMs) return;
    if (!this.#active) {
      const { fileName } = this.#options.shard;
      log.info('TORRENT', `${fileName}: nobody who is there has what is missing; asking ${this.host} for it.`);
    }
    this.#active = true;
    this.#resting = undefined;
    while (this.#active && this.#running < LANES && window.lacking > 0) void this.#run();
  }

  /** Ends what is under way. */
  #interrupt(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#rest();
  }

  async #run(): Promise<void> {
    this.#running++;
    try {
      while (this.#active) {
        const run = this.#options.window.takeLacking(this.#runLength.pieces);
        if (!run) break;
        await this.#fetch(run);
      }
    } finally {
      this.#running--;
      this.look();
    }
  }

  async #fetch(run: PieceRun): Promise<void> {
    const { hub, record, shard, pieceLength, thread, window, sha1Of, onFetched, onError } = this.#options;
    const { signal } = this.#stop;
    const startedAtMs = performance.now();
    const bytes = Math.min(shard.sizeBytes, run.end * pieceLength) - run.start * pieceLength;
    try {
      if (record.askedBytes + bytes > MAX_SHARE * shard.sizeBytes) {
        this.refuse('too-much', 'has given as much as this shard may cost');
        return;
      }
      record.askedBytes += bytes;
      const { source, layerCount, shards } = hub;
      const place = { shard, pieceLength, first: run.start, count: run.end - run.start, sha1: sha1Of(run) };
      const asked = { source, layerCount, shards, ...place };
      const answer = await thread.fetchFromHub(asked, signal);
      if ('trouble' in answer) {
        this.#fail(answer);
        return;
      }
      this.#failures = 0;
      this.#runLength.took(performance.now() - startedAtMs);
      onFetched(answer);
      this.#blame(answer.wrong.length);
    } catch (thrown) {
      const error = ShoalError.from(thrown);
      if (signal.aborted) return;
      if (error.code === 'storage-full') onError(error);
      this.#fail({ trouble: 'silent', detail: `cannot be asked: ${error.message}`, retryAfterMs: undefined });
    } finally {
      window.giveBack(run);
    }
  }

  #fail(refusal: HubRefusal): void {
    if (isLasting(refusal.trouble)) {
      this.refuse(refusal.trouble, refusal.detail);
      return;
    }
    // The other request may have failed with it.
    if (this.#resting) return;
    const backoffMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** this.#failures++);
    const restMs = Math.max(refusal.retryAfterMs ?? 0, backoffMs) * (1 + Math.random() / 4);
    this.#restUntilMs = performance.now() + restMs;
    this.#resting = refusal;
    this.#runLength.reset();
    this.#active = false;
    this.#warn(refusal, `It is asked again in ${Math.round(restMs / 1000)} s, and other tabs meanwhile.`);
  }

  /** It is not asked any more. @param detail - as of `HubRefusal` */
  refuse(trouble: HubTrouble, detail: string): void {
    const { record } = this.#options;
    if (record.refusal) return;
    const refusal = { trouble, detail, retryAfterMs: undefined };
    record.refusal = refusal;
    this.#active = false;
    this.#warn(refusal, 'It is not asked any more; this tab waits for other tabs.');
  }

  #warn({ detail }: HubRefusal, consequence: string): void {
    log.warn('TORRENT', `${this.#options.shard.fileName}: ${this.host} ${detail}. ${consequence}`);
  }

  #blame(wrongPieces: number): void {
    this.#wrongPieces += wrongPieces;
    if (this.#wrongPieces < MAX_WRONG_PIECES) return;
    this.refuse('wrong-bytes', WRONG_BYTES);
  }
}
