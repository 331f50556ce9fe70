import { ShoalError } from '../../core/errors.ts';
import type { ManifestShard } from '../../protocol/manifest.ts';
import { pieceBytes } from '../metainfo/pieces.ts';
import type { ChunkDatabase } from './chunk-database.ts';
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

/** Bytes of a shard's first `pieces` pieces that are not stored. */
export async function missingBytes(
  { infoHash, sizeBytes }: ManifestShard,
  pieces: number,
  { chunks, pieceLength }: Omit<SpaceParts, 'meter'>,
): Promise<number> {
  const stored = new Set(await chunks.pieces(infoHash));
  const missing = Array.from({ length: pieces }, (_, piece) => piece).filter((piece) => !stored.has(piece));
  return pieceBytes(missing, sizeBytes, pieceLength);
}

/** What may still be stored, as the browser says now; infinite where it does not. */
export async function freeBytes(meter: StorageMeter): Promise<number> {
  return freeOf(await meter.ask());
}

function freeOf({ usedBytes, quotaBytes }: StorageSpace): number {
  return quotaBytes > 0 ? Math.max(0, quotaBytes - usedBytes) : Number.POSITIVE_INFINITY;
}

/**
 * Runs what stores a shard's first `pieces` pieces.
 * @throws ShoalError `storage-full` that says how much is missing, beforehand where the browser says that it will not fit
 */
export async function withSpace<Result>(
  shard: ManifestShard,
  pieces: number,
  parts: SpaceParts,
  store: () => Promise<Result>,
): Promise<Result> {
  const { meter } = parts;
  const lacking = () => missingBytes(shard, pieces, parts);
  const release = await meter.reserve(lacking, async (neededBytes, reservedBytes) => {
    const fits = (space: StorageSpace) => neededBytes === 0 || freeOf(space) >= neededBytes + reservedBytes;
    if (fits(await meter.space())) return;
    // Room may have been made since the browser was asked last.
    const space = await meter.ask();
    if (!fits(space)) throw storageFull(shard.fileName, neededBytes, space);
  });
  try {
    return await store();
  } catch (error) {
    if (ShoalError.from(error).code !== 'storage-full') throw error;
    const space = await meter.ask();
    // It promised more than there is.
    meter.forget();
    throw storageFull(shard.fileName, await lacking(), space, error);
  } finally {
    release();
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
