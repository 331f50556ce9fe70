import { ShoalError } from '../../core/errors.ts';
import type { ManifestShard } from '../../protocol/manifest.ts';
import { ShardHasher } from '../metainfo/torrent-file.ts';
import type { ChunkDatabase } from './chunk-database.ts';

/**
 * Writes a shard's pieces from a file and checks them as they go by; all or none stay.
 * @returns the `.torrent`, unless the manifest names another
 * @throws ShoalError `hash-mismatch`, `storage-full`, `aborted`, and what `read` throws
 */
export async function importPieces(
  shard: ManifestShard,
  pieceLength: number,
  read: (offset: number, length: number) => Promise<Uint8Array>,
  chunks: ChunkDatabase,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  const { fileName, infoHash, sizeBytes, sha256 } = shard;
  const hasher = await ShardHasher.create(fileName, pieceLength);
  try {
    for (let offset = 0; offset < sizeBytes; offset += pieceLength) {
      if (signal?.aborted) throw new ShoalError('aborted', `Importing ${fileName} was cancelled.`);
      const length = Math.min(pieceLength, sizeBytes - offset);
      const bytes = await read(offset, length);
      if (bytes.length !== length) {
        throw new ShoalError('bad-request', `${fileName}: ${bytes.length} bytes at ${offset}, expected ${length}.`);
      }
      hasher.update(bytes);
      await chunks.put(infoHash, offset / pieceLength, bytes);
    }
    const digest = hasher.finish();
    if (digest.sha256 !== sha256) {
      throw new ShoalError(
        'hash-mismatch',
        `The file gives ${fileName} with SHA-256 ${digest.sha256}, the manifest says ${sha256}. Choose the very file that the swarm's model was made of.`,
      );
    }
    return digest.infoHash === infoHash ? digest.torrent : undefined;
  } catch (error) {
    await chunks.delete(infoHash);
    throw error;
  }
}
