import type { ManifestShard } from '../src/protocol/manifest.ts';

/** What the page asks of the store worker. */
export interface StoreWorkerApi {
  /** SHA-256 of a stored shard, hexadecimal. `job` names the call for `abort`. */
  hashShard(job: number, shard: ManifestShard, pieceLength: number): Promise<string>;
  /** Ends a call with `aborted`. */
  abort(job: number): void;
}
