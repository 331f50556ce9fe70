import { PIECE_LENGTH } from '../metainfo/torrent-file.ts';
import { ChunkDatabase, cutPieces } from './chunk-database.ts';
import { checkPieces } from './fetch-run.ts';
import { LocalStoreThread } from './store-thread.ts';

/** In place of an info hash. */
const SAMPLE = 'sample';

/**
 * Hashes and stores bytes as those of a shard are, and deletes them.
 * @returns how long the first takes, ms
 */
export async function storeSample(bytes: Uint8Array, chunks: ChunkDatabase = new ChunkDatabase()): Promise<number> {
  const thread = new LocalStoreThread(chunks);
  const pieces = cutPieces(bytes, PIECE_LENGTH);
  try {
    // The database opens, and the code for its hashes comes.
    await thread.write(SAMPLE, pieces.slice(0, 1));
    const begin = performance.now();
    // None of them is known to be right: it is the time that is wanted.
    await checkPieces(bytes, PIECE_LENGTH, 0, []);
    await thread.write(SAMPLE, pieces);
    return performance.now() - begin;
  } finally {
    await chunks.delete(SAMPLE);
  }
}
