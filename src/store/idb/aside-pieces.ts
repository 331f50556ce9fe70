import { ShoalError } from '../../core/errors.ts';
import type { ManifestShard } from '../../protocol/manifest.ts';
import { pieceCount } from '../metainfo/pieces.ts';
import { ShardHasher } from '../metainfo/torrent-file.ts';
import { asideOf, type ChunkDatabase, cutPieces } from './chunk-database.ts';
import { IdbShardReader } from './idb-shard-reader.ts';

/** Bytes that are read, or get their own name, at a time. */
const STEP_BYTES = 4 * 1024 * 1024;

/** Pieces of shards whose hashes nobody has told: kept aside until all of a shard give the manifest's info hash. */
export class AsidePieces {
  readonly #chunks: ChunkDatabase;

  constructor(chunks: ChunkDatabase) {
    this.#chunks = chunks;
  }

  /**
   * Keeps consecutive pieces, `first` and those after it.
   * @returns their numbers
   * @throws ShoalError `storage-full`
   */
  async store(infoHash: string, pieceLength: number, first: number, bytes: Uint8Array): Promise<number[]> {
    const pieces = cutPieces(bytes, pieceLength, first);
    await this.#chunks.putAll(asideOf(infoHash), pieces);
    return pieces.map(({ index }) => index);
  }

  /**
   * Counts a shard's pieces as stored, if they are the manifest's; otherwise none stays.
   * @returns the `.torrent` that they make
   * @throws ShoalError `shard-missing` when one is not there, `storage-full`, `aborted`
   */
  async take(
    shard: ManifestShard,
    pieceLength: number,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const aside = asideOf(shard.infoHash);
    const step = Math.max(1, Math.floor(STEP_BYTES / pieceLength));
    const { infoHash, torrent } = await this.#digest(shard, pieceLength, step, signal);
    if (infoHash !== shard.infoHash) {
      await this.#chunks.delete(aside);
      return undefined;
    }
    const count = pieceCount(shard.sizeBytes, pieceLength);
    for (let piece = 0; piece < count; piece += step) {
      if (signal.aborted) throw new ShoalError('aborted', 'The download was cancelled.');
      await this.#chunks.rename(aside, infoHash, piece, Math.min(count, piece + step));
    }
    return torrent;
  }

  async #digest(shard: ManifestShard, pieceLength: number, step: number, signal: AbortSignal) {
    const { fileName, sizeBytes, infoHash } = shard;
    const hasher = await ShardHasher.create(fileName, pieceLength);
    const stored = { ...shard, infoHash: asideOf(infoHash) };
    const reader = new IdbShardReader(stored, pieceLength, { chunks: this.#chunks });
    try {
      for (let offset = 0; offset < sizeBytes; offset += step * pieceLength)
        hasher.update(await reader.read(offset, Math.min(step * pieceLength, sizeBytes - offset), { signal }));
    } finally {
      reader.close();
    }
    return hasher.finish();
  }
}
