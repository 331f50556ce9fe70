import { ShoalError } from '../../core/errors.ts';
import type { ManifestShard } from '../../protocol/manifest.ts';
import type { FetchedRun, StoreThread } from '../idb/store-thread.ts';
import type { PieceRun, PieceWindow } from './piece-window.ts';
import { RunLength } from './run-length.ts';

/** Requests under way at once: one is stored, one checked, one comes. */
const LANES = 3;
/** A request is as long as brings something about this often, up to `MAX_RUN_BYTES`. */
const RUN_MS = 700;
const MAX_RUN_BYTES = 2 * 1024 * 1024;
/** Failed requests in a row after which a server counts as away. */
const MAX_FAILURES = 4;
/** An absent server is asked again after this. */
const RETRY_MS = 30_000;
/** Wrong pieces after which it is not asked any more; one may be a proxy's fault. */
const MAX_WRONG_PIECES = 2;
/** How often it is looked whether tabs are long about a piece. */
const LOOK_MS = 2000;

export interface ServerCopyOptions {
  readonly url: string;
  /** The `Authorization` header, where the server asks for one. */
  readonly authorize?: (() => Promise<string | undefined>) | undefined;
  readonly shard: ManifestShard;
  readonly pieceLength: number;
  readonly thread: StoreThread;
  readonly window: PieceWindow;
  /** SHA-1 of each piece, hexadecimal; undefined as long as no pieces can be taken. */
  readonly hashes: () => readonly string[] | undefined;
  readonly onFetched: (run: FetchedRun) => void;
  /** It gave wrong bytes and is not asked again. */
  readonly onBan: () => void;
  /** The browser's storage failed. */
  readonly onError: (error: ShoalError) => void;
}

/**
 * A shard's copy on a web server, fetched, checked and stored off the page's thread. webtorrent's own web seeds pass
 * every byte through the page five times.
 */
export class ServerCopy {
  readonly #options: ServerCopyOptions;
  readonly #runLength: RunLength;
  readonly #stop = new AbortController();
  #look: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #running = 0;
  #failures = 0;
  /** What came of the last request; also after a pause, until there is another answer. */
  #lastFailed = false;
  #wrongPieces = 0;

  constructor(options: ServerCopyOptions) {
    this.#options = options;
    const { pieceLength } = options;
    this.#runLength = new RunLength({ everyMs: RUN_MS, maxBytes: MAX_RUN_BYTES, pieceLength });
  }

  /** Whether it gives pieces, as far as anybody knows. */
  get up(): boolean {
    return !this.#stop.signal.aborted && this.#failures < MAX_FAILURES;
  }

  /** Whether something of it is on its way, however slowly. */
  get giving(): boolean {
    return this.#running > 0 && !this.#lastFailed;
  }

  /** Asks the server from now on, also when it seemed away. */
  connect(): void {
    clearTimeout(this.#retry);
    this.#failures = 0;
    this.wake();
  }

  /** Something is missing. */
  wake(): void {
    const { window, hashes } = this.#options;
    clearTimeout(this.#look);
    if (!this.up || !hashes()) return;
    while (this.#running < LANES) void this.#run();
    if (window.open > 0) this.#look = setTimeout(() => this.wake(), LOOK_MS);
  }

  close(): void {
    clearTimeout(this.#look);
    clearTimeout(this.#retry);
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    this.#running++;
    try {
      while (this.up) {
        const run = await this.#options.window.take(this.#runLength.pieces);
        if (!run) break;
        await this.#fetch(run);
      }
    } finally {
      this.#running--;
    }
  }

  async #fetch(run: PieceRun): Promise<void> {
    const { url, authorize, shard, pieceLength, thread, window, hashes, onFetched, onError } = this.#options;
    const startedAtMs = performance.now();
    try {
      const sha1 = hashes()!.slice(run.start, run.end);
      const authorization = await authorize?.();
      const asked = { url, authorization, shard, pieceLength, first: run.start, sha1 };
      const fetched = await thread.fetch(asked, this.#stop.signal);
      this.#failures = 0;
      this.#lastFailed = false;
      this.#runLength.took(performance.now() - startedAtMs);
      onFetched(fetched);
      if (fetched.wrong.length > 0) this.#blame(fetched.wrong.length);
    } catch (thrown) {
      const error = ShoalError.from(thrown);
      if (this.#stop.signal.aborted) return;
      if (error.code === 'storage-full') onError(error);
      this.#runLength.reset();
      this.#lastFailed = true;
      if (++this.#failures === MAX_FAILURES) this.#retry = setTimeout(() => this.connect(), RETRY_MS);
    } finally {
      window.giveBack(run);
    }
  }

  #blame(wrongPieces: number): void {
    this.#wrongPieces += wrongPieces;
    // Another request may have ended it already.
    if (this.#wrongPieces < MAX_WRONG_PIECES || this.#stop.signal.aborted) return;
    this.close();
    this.#options.onBan();
  }
}
