import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import type { Manifest } from '../../protocol/manifest.ts';
import { FETCH_RANKS, type Pace, type ShardStore } from '../../store/shard-store.ts';
import type { ShardKeeper } from '../shards/shard-keeper.ts';
import { type Coverage, rarestFirst } from './assign.ts';

/** Of the browser's quota, the part that spreading may fill: the rest is the person's own shards and other sites. */
const MAX_QUOTA_SHARE = 0.6;
/** A failed fetch is tried again after this. */
const RETRY_MS = 30_000;

export interface SpreaderOptions {
  readonly keeper: ShardKeeper;
  readonly store: ShardStore;
  readonly manifest: Manifest;
  readonly members: () => Iterable<Coverage>;
  /** It goes after everything that somebody waits for. */
  readonly pace: Pace;
}

/** "Help spread the model": when this tab's own shards serve, fetches the others, one at a time, rarest first. */
export class Spreader {
  readonly #options: SpreaderOptions;
  #abort: AbortController | undefined;

  constructor(options: SpreaderOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#abort) return;
    this.#abort = new AbortController();
    void this.#run(this.#abort.signal);
  }

  stop(): void {
    this.#abort?.abort();
    this.#abort = undefined;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { keeper, store, manifest, pace } = this.#options;
    const wanted = new Set(manifest.shards.map(({ index }) => index));
    while (wanted.size > 0 && !signal.aborted) {
      const index = this.#next(wanted);
      if (index === undefined) {
        await this.#change(signal);
        continue;
      }
      const shard = manifest.shards[index]!;
      const turn = new AbortController();
      const stopListening = keeper.onChange(() => {
        if (this.#givesWay(index, wanted)) turn.abort();
      });
      try {
        await pace.next(0, signal);
        const { usedBytes, quotaBytes } = await store.usage();
        if (
          !(await store.isComplete(shard)) &&
          quotaBytes > 0 &&
          usedBytes + shard.sizeBytes > MAX_QUOTA_SHARE * quotaBytes
        ) {
          log.info('TORRENT', `Not spreading ${shard.fileName}: the browser's storage is nearly full.`);
          wanted.delete(index);
          continue;
        }
        await keeper.keep(index, { signal: AbortSignal.any([signal, turn.signal]), pace });
        wanted.delete(index);
      } catch (error) {
        if (signal.aborted) return;
        if (turn.signal.aborted) continue;
        log.warn('TORRENT', `Spreading ${shard.fileName} failed, trying again: ${ShoalError.from(error).message}`);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      } finally {
        stopListening();
      }
    }
  }

  /** Of those that are not paused: by the owner's wish, then the rarest; undefined when there is none. */
  #next(wanted: ReadonlySet<number>): number | undefined {
    const { keeper, manifest, members } = this.#options;
    return rarestFirst(manifest.shards.length, members())
      .filter((index) => wanted.has(index) && !keeper.wish(index).paused)
      .sort((a, b) => this.#rank(a) - this.#rank(b))[0];
  }

  /** Whether a shard is paused meanwhile, or another one has been put before it. */
  #givesWay(index: number, wanted: ReadonlySet<number>): boolean {
    const next = this.#next(wanted);
    return this.#options.keeper.wish(index).paused || (next !== undefined && this.#rank(next) < this.#rank(index));
  }

  #rank(index: number): number {
    return FETCH_RANKS[this.#options.keeper.wish(index).priority];
  }

  /** Resolves when this tab's shards change, or the spreading ends. */
  async #change(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stopListening = this.#options.keeper.onChange(resolve);
    signal.addEventListener('abort', () => resolve());
    await promise;
    stopListening();
  }
}
