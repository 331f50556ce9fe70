import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import type { Manifest } from '../../protocol/manifest.ts';
import type { Pace, ShardStore } from '../../store/shard-store.ts';
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
    const { keeper, store, manifest, members, pace } = this.#options;
    const wanted = new Set(manifest.shards.map(({ index }) => index));
    while (wanted.size > 0 && !signal.aborted) {
      const index = rarestFirst(manifest.shards.length, members()).find((other) => wanted.has(other))!;
      const shard = manifest.shards[index]!;
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
        await keeper.keep(index, { signal, pace });
        wanted.delete(index);
      } catch (error) {
        if (signal.aborted) return;
        log.warn('TORRENT', `Spreading ${shard.fileName} failed, trying again: ${ShoalError.from(error).message}`);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}
