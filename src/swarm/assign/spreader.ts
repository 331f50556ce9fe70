import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import type { Manifest } from '../../protocol/manifest.ts';
import type { ShardStore } from '../../store/shard-store.ts';
import type { ShardKeeper } from '../shard-keeper.ts';
import { type Coverage, rarestFirst } from './assign.ts';

/** Of the browser's quota, the part that spreading may fill: the rest is the person's own shards and other sites. */
const MAX_QUOTA_SHARE = 0.6;
/** A failed fetch is tried again after this. */
const RETRY_MS = 30_000;

/** "Help spread the model": when this tab's own shards serve, fetches the others, one at a time, rarest first. */
export class Spreader {
  readonly #keeper: ShardKeeper;
  readonly #store: ShardStore;
  readonly #manifest: Manifest;
  readonly #members: () => Iterable<Coverage>;
  #abort: AbortController | undefined;

  constructor(keeper: ShardKeeper, store: ShardStore, manifest: Manifest, members: () => Iterable<Coverage>) {
    this.#keeper = keeper;
    this.#store = store;
    this.#manifest = manifest;
    this.#members = members;
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
    const wanted = new Set(this.#manifest.shards.map(({ index }) => index));
    while (wanted.size > 0 && !signal.aborted) {
      const index = rarestFirst(this.#manifest.shards.length, this.#members()).find((other) => wanted.has(other))!;
      const shard = this.#manifest.shards[index]!;
      try {
        const { usedBytes, quotaBytes } = await this.#store.usage();
        if (
          !(await this.#store.isComplete(shard)) &&
          quotaBytes > 0 &&
          usedBytes + shard.sizeBytes > MAX_QUOTA_SHARE * quotaBytes
        ) {
          log.info('TORRENT', `Not spreading ${shard.fileName}: the browser's storage is nearly full.`);
          wanted.delete(index);
          continue;
        }
        await this.#keeper.keep(index, signal);
        wanted.delete(index);
      } catch (error) {
        if (signal.aborted) return;
        log.warn('TORRENT', `Spreading ${shard.fileName} failed, trying again: ${ShoalError.from(error).message}`);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}
