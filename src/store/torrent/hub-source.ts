import { Lazy } from '../../core/lazy.ts';
import type { FetchedRun } from '../idb/store-thread.ts';
import type { HubView } from '../shard-store.ts';
import { HubCopy, type HubCopyOptions } from './hub-copy.ts';
import { WholeCopy, type WholeCopyOptions } from './whole-copy.ts';

type Shared = Omit<HubCopyOptions, 'ready' | 'sha1Of' | 'onFetched'> &
  Pick<WholeCopyOptions, 'thread' | 'chunks' | 'onAside'>;

export interface HubSourceOptions extends Shared {
  /** SHA-1 of each piece, hexadecimal; undefined as long as nobody has told them. */
  readonly hashes: () => readonly string[] | undefined;
  /** Whether all of the shard is to come, as fast as can be. */
  readonly wantsWhole: () => boolean;
  /** Pieces are stored. */
  readonly onFetched: (host: string, run: FetchedRun) => void;
  /** All pieces are stored; the `.torrent` that they make. */
  readonly onWhole: (host: string, torrent: Uint8Array) => void;
}

/** A shard's bytes at a hub: piece by piece where somebody has told the pieces' hashes, and as a whole otherwise. */
export class HubSource {
  readonly #options: HubSourceOptions;
  readonly #pieces: HubCopy;
  readonly #whole = new Lazy(() => this.#openWhole());
  /** What came of it. */
  #opened: WholeCopy | undefined;
  #closed = false;

  constructor(options: HubSourceOptions) {
    const { hashes, onFetched } = options;
    this.#options = options;
    this.#pieces = new HubCopy({
      ...options,
      ready: () => hashes() !== undefined,
      sha1Of: ({ start, end }) => hashes()?.slice(start, end),
      onFetched: (run) => onFetched(this.#pieces.host, run),
    });
  }

  /** Whether it gives pieces at the moment, as far as anybody knows. */
  get active(): boolean {
    return this.#pieces.active;
  }

  get view(): Omit<HubView, 'bytes'> {
    return (this.#opened ?? this.#pieces).view;
  }

  /** Something is missing: looks from time to time whether the hub must be asked. */
  async wake(): Promise<void> {
    if (this.#options.hashes()) this.#pieces.wake();
    else if (!this.#closed) {
      const whole = await this.#whole.get();
      if (!this.#closed) whole.wake();
    }
  }

  /** Somebody has told the pieces' hashes. */
  ready(): void {
    void this.#whole.begun?.then((whole) => whole.discard());
    this.#whole.forget();
    this.#opened = undefined;
  }

  close(): void {
    this.#closed = true;
    this.#pieces.close();
    this.#opened?.close();
  }

  async #openWhole(): Promise<WholeCopy> {
    const { hashes, wantsWhole, onWhole } = this.#options;
    this.#opened = await WholeCopy.open({
      ...this.#options,
      ready: () => wantsWhole() && !hashes(),
      onWhole: (torrent) => onWhole(this.#pieces.host, torrent),
    });
    return this.#opened;
  }
}
