import { ShoalError } from '../src/core/errors.ts';
import type { ManifestShard } from '../src/protocol/manifest.ts';
import { ShardHasher } from '../src/store/metainfo/torrent-file.ts';

/**
 * Hashes a shard's bytes as they go by.
 * @param pieceLength - the manifest's
 * @returns what was seen, for people
 * @throws ShoalError `hash-mismatch` when they are not the manifest's
 */
export async function checkShardBytes(
  shard: ManifestShard,
  pieceLength: number,
  bytes: AsyncIterable<Uint8Array>,
): Promise<string> {
  const hasher = await ShardHasher.create(shard.fileName, pieceLength);
  for await (const chunk of bytes) hasher.update(chunk);
  const found = hasher.finish();
  if (found.sizeBytes !== shard.sizeBytes)
    throw mismatch(shard, `it has ${found.sizeBytes} bytes, expected ${shard.sizeBytes}`);
  if (found.sha256 !== shard.sha256) throw mismatch(shard, `its SHA-256 is ${found.sha256}, expected ${shard.sha256}`);
  if (found.infoHash !== shard.infoHash)
    throw mismatch(shard, `its info hash is ${found.infoHash}, expected ${shard.infoHash}`);
  return `${found.sizeBytes} bytes, SHA-256 ${found.sha256}`;
}

function mismatch({ fileName }: ManifestShard, found: string): ShoalError {
  return new ShoalError('hash-mismatch', `${fileName} is not the manifest's file: ${found}.`);
}
