import { ShoalError } from '../../core/errors.ts';
import { asideOf, type ChunkDatabase } from '../idb/chunk-database.ts';
import type { FetchedRun, StoreThread } from '../idb/store-thread.ts';
import { pieceCount } from '../metainfo/pieces.ts';
import type { HubView } from '../shard-store.ts';
import { HubCopy, type HubCopyOptions, type HubWindow, WRONG_BYTES } from './hub-copy.ts';
import type { PieceRun } from './piece-window.ts';

export interface WholeCopyOptions extends Omit<HubCopyOptions, 'thread' | 'window' | 'sha1Of' | 'onFetched'> {
  readonly thread: Pick<StoreThread, 'fetchFromHub' | 'takeAside'>;
  readonly chunks: Pick<ChunkDatabase, 'pieces' | 'delete'>;
  /** Some have come, or are gone: bytes that came, and which are kept aside now. */
  readonly onAside: (bytes: number, pieces: ReadonlySet<number>) => void;
  /** All of the shard is stored; its `.torrent`. */
  readonly onWhole: (torrent: Uint8Array) => void;
}

/**
 * The whole of a shard from the hub, where nobody has told what its pieces' hashes are: kept aside until all of them
 * together are what the manifest says, also over a reload.
 */
export class WholeCopy {
  readonly #options: WholeCopyOptions;
  readonly #window: AsideWindow;
  readonly #hub: HubCopy;
  readonly #stop = new AbortController();

  private constructor(options: WholeCopyOptions, stored: readonly number[]) {
    const { thread, shard, pieceLength } = options;
    this.#options = options;
    this.#window = new AsideWindow(pieceCount(shard.sizeBytes, pieceLength), stored);
    this.#hub = new HubCopy({
      ...options,
      thread,
      window: this.#window,
      sha1Of: () => undefined,
      onFetched: (run) => this.#onFetched(run),
    });
  }

  static async open(options: WholeCopyOptions): Promise<WholeCopy> {
    return new WholeCopy(options, await options.chunks.pieces(asideOf(options.shard.infoHash)));
  }

  get view(): Omit<HubView, 'bytes'> {
    return this.#hub.view;
  }

  /** Asks for what is missing, as `HubCopy` does. */
  wake(): void {
    this.#options.onAside(0, this.#window.aside);
    if (this.#window.open > 0) this.#hub.wake();
    else void this.#take();
  }

  /** What has come stays aside. */
  close(): void {
    this.#stop.abort();
    this.#hub.close();
  }

  /** Somebody has told the hashes: what has come is of no use. */
  async discard(): Promise<void> {
    this.close();
    await this.#options.chunks.delete(asideOf(this.#options.shard.infoHash));
  }

  #onFetched(run: FetchedRun): void {
    for (const piece of run.stored) this.#window.aside.add(piece);
    this.#options.onAside(run.bytes, this.#window.aside);
    if (this.#window.open === 0) void this.#take();
  }

  async #take(): Promise<void> {
    const { shard, pieceLength, thread, onAside, onWhole, onError } = this.#options;
    try {
      const torrent = await thread.takeAside(shard, pieceLength, this.#stop.signal);
      if (torrent) {
        onWhole(torrent);
        return;
      }
      this.#hub.refuse('wrong-bytes', WRONG_BYTES);
      this.#window.aside.clear();
      onAside(0, this.#window.aside);
    } catch (error) {
      if (!this.#stop.signal.aborted) onError(ShoalError.from(error));
    }
  }
}

/** Pieces that the hub alone can bring: nobody else can be asked for a piece without hashes. */
class AsideWindow implements HubWindow {
  readonly aside: Set<number>;
  readonly #pieces: number;
  /** On their way. */
  readonly #taken = new Set<number>();

  constructor(pieces: number, aside: readonly number[]) {
    this.#pieces = pieces;
    this.aside = new Set(aside);
  }

  get open(): number {
    return this.#pieces - this.aside.size;
  }

  get lacking(): number {
    let lacking = 0;
    for (let piece = 0; piece < this.#pieces; piece++) lacking += Number(this.#lacks(piece));
    return lacking;
  }

  takeLacking(most: number): PieceRun | undefined {
    let start = 0;
    while (start < this.#pieces && !this.#lacks(start)) start++;
    if (start === this.#pieces) return undefined;
    let end = start;
    while (end < start + most && this.#lacks(end)) this.#taken.add(end++);
    return { start, end };
  }

  giveBack({ start, end }: PieceRun): void {
    for (let piece = start; piece < end; piece++) this.#taken.delete(piece);
  }

  #lacks(piece: number): boolean {
    return piece < this.#pieces && !this.aside.has(piece) && !this.#taken.has(piece);
  }
}
