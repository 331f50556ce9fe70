import { createSHA256 } from 'hash-wasm';
import { release } from '../core/bytes.ts';
import type { ManifestShard } from '../protocol/manifest.ts';
import { IdbShardReader } from './idb-shard-reader.ts';

/** Bytes hashed at a time: whole pieces of any usual length, and a bounded memory. */
const STEP_BYTES = 4 * 1024 * 1024;

/** SHA-256 of a stored shard, hexadecimal. @throws ShoalError `shard-missing`, `aborted` */
export type HashShard = (
  shard: ManifestShard,
  pieceLength: number,
  options?: { readonly signal?: AbortSignal },
) => Promise<string>;

/** Hashes in this thread, a step at a time: for workers. */
export const hashStoredShard: HashShard = async (shard, pieceLength, options = {}) => {
  const reader = new IdbShardReader(shard, pieceLength);
  const hasher = (await createSHA256()).init();
  for (let offset = 0; offset < shard.sizeBytes; offset += STEP_BYTES) {
    const bytes = await reader.read(offset, Math.min(STEP_BYTES, shard.sizeBytes - offset), options);
    hasher.update(bytes);
    release(bytes);
  }
  reader.close();
  return hasher.digest();
};
