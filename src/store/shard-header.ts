import { ShoalError } from '../core/errors.ts';
import { IdbShardReader } from './idb/idb-shard-reader.ts';
import { SIBLING_PATIENCE_MS } from './idb/sibling-tabs.ts';
import { pieceCount } from './metainfo/pieces.ts';
import { type DownloadParts, PATIENCE_MS, type ShardDownload } from './shard-download.ts';
import type { ShardOrigin } from './shard-store.ts';

/** The file's first `headerBytes`, from the storage. @throws ShoalError `shard-missing` */
export async function readHeader(
  { shard }: ShardDownload,
  { chunks, pieceLength }: DownloadParts,
): Promise<Uint8Array> {
  const reader = new IdbShardReader(shard, pieceLength, { chunks });
  return reader.read(0, shard.headerBytes).finally(() => reader.close());
}

/** Fetches the pieces of a shard's header, or has a sibling do so. @throws ShoalError `shard-missing`, `aborted` */
export async function fetchHeader(
  download: ShardDownload,
  parts: DownloadParts,
  origin: ShardOrigin,
  signal: AbortSignal,
): Promise<void> {
  const { headerBytes, infoHash } = download.shard;
  const enough = () => isStored(download, parts);
  parts.siblings.tell({ kind: 'hurry', infoHash });
  await parts.siblings.takeTurn(infoHash, { signal, enough, patienceMs: SIBLING_PATIENCE_MS }, async () => {
    if (await enough()) return;
    await download.fetch(origin, pieceCount(headerBytes, parts.pieceLength), signal, PATIENCE_MS);
  });
}

async function isStored(download: ShardDownload, parts: DownloadParts): Promise<boolean> {
  try {
    await readHeader(download, parts);
    return true;
  } catch (error) {
    if (ShoalError.from(error).code !== 'shard-missing') throw error;
    return false;
  }
}
