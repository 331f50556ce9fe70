import type { ManifestShard } from '../src/protocol/manifest.ts';
import type { HubRefusal, HubRun } from '../src/store/hub/hub-thread.ts';
import type { FetchedRun, RunToFetch, StoreThread } from '../src/store/idb/store-thread.ts';

/** What the page asks of the store worker. */
export interface StoreWorkerApi {
  /** @see StoreThread.write */
  write: StoreThread['write'];
  /** @see StoreThread.fetch. `job` names the call for `abort`. */
  fetch(job: number, run: RunToFetch): Promise<FetchedRun>;
  /** @see StoreThread.fetchFromHub. `job` names the call for `abort`. */
  fetchFromHub(job: number, run: HubRun): Promise<FetchedRun | HubRefusal>;
  /** @see StoreThread.takeAside. `job` names the call for `abort`. */
  takeAside(job: number, shard: ManifestShard, pieceLength: number): Promise<Uint8Array | undefined>;
  /** @see StoreThread.hash. `job` names the call for `abort`. */
  hash(
    job: number,
    shard: ManifestShard,
    pieceLength: number,
    maxBytes: number | undefined,
  ): Promise<string | undefined>;
  /** Ends a call with `aborted`. */
  abort(job: number): void;
}
