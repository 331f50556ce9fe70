import { ShoalError } from '../core/errors.ts';
import type { ManifestShard } from '../protocol/manifest.ts';
import type { ChunkDatabase } from './chunk-database.ts';
import { pieceBytes } from './pieces.ts';
import type { StorageMeter, StorageSpace } from './storage-meter.ts';

/** Asks the browser not to evict what is stored; it may say no, and evicted shards are then fetched again. */
export async function askToPersist(): Promise<void> {
  const storage: StorageManager | undefined = navigator.storage;
  await storage?.persist?.().catch(() => false);
}

export interface SpaceParts {
  readonly chunks: ChunkDatabase;
  readonly pieceLength: number;
  readonly meter: StorageMeter;
}

/**
 * Runs what stores a shard's first `pieces` pieces.
 * @throws ShoalError `storage-full` that says how much is missing, beforehand where the browser says that it will not fit
 */
export async function withSpace<Result>(
  { fileName, infoHash, sizeBytes }: ManifestShard,
  pieces: number,
  { chunks, pieceLength, meter }: SpaceParts,
  store: () => Promise<Result>,
): Promise<Result> {
  const missingBytes = async () => {
    const stored = new Set(await chunks.pieces(infoHash));
    const missing = Array.from({ length: pieces }, (_, piece) => piece).filter((piece) => !stored.has(piece));
    return pieceBytes(missing, sizeBytes, pieceLength);
  };
  const neededBytes = await missingBytes();
  const lacks = ({ usedBytes, quotaBytes }: StorageSpace) => quotaBytes > 0 && usedBytes + neededBytes > quotaBytes;
  // Room may have been made since the browser was asked last.
  if (lacks(await meter.space())) {
    const space = await meter.afterFailure();
    if (lacks(space)) throw storageFull(fileName, neededBytes, space);
  }
  try {
    return await store();
  } catch (error) {
    if (ShoalError.from(error).code !== 'storage-full') throw error;
    throw storageFull(fileName, await missingBytes(), await meter.afterFailure(), error);
  }
}

/** The error that says how much is needed. */
function storageFull(
  fileName: string,
  neededBytes: number,
  { usedBytes, quotaBytes }: StorageSpace,
  cause?: unknown,
): ShoalError {
  // Browsers name a quota that hides how full the disk is: it is worth telling only when it explains the failure.
  const quota = usedBytes + neededBytes > quotaBytes && quotaBytes > 0 ? ` of ${megabytes(quotaBytes)}` : '';
  return new ShoalError(
    'storage-full',
    `${fileName} needs ${megabytes(neededBytes)} more, and this browser has no room for it: the page uses ${megabytes(usedBytes)}${quota}. Free disk space, or delete stored shards in the settings, and try again.`,
    { cause },
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
