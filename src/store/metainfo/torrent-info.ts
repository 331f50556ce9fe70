import bencode, { type Bencoded } from 'bencode';
import { toHex } from '../../core/bytes.ts';
import { ShoalError } from '../../core/errors.ts';
import type { ManifestShard } from '../../protocol/manifest.ts';
import { createHasher } from './hasher.ts';
import { withLinks } from './torrent-file.ts';

/**
 * A `.torrent` from outside, reduced to what its info hash covers: trackers and web seeds are ours to choose.
 * @throws ShoalError `bad-request` when it is no torrent, `hash-mismatch` when it is another one's, `bad-manifest` when
 * the manifest says something else of the file
 */
export async function checkTorrent(
  torrent: Uint8Array,
  shard: ManifestShard,
  pieceLength: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bare = withLinks(torrent, { announce: [], webSeeds: [] });
  const info = (bencode.decode(bare) as { readonly info: Bencoded }).info;
  const hasher = await createHasher('sha1');
  hasher.update(bencode.encode(info));
  const infoHash = toHex(hasher.digest());
  if (infoHash !== shard.infoHash) {
    throw new ShoalError(
      'hash-mismatch',
      `The torrent of ${shard.fileName} has info hash ${infoHash}, the manifest says ${shard.infoHash}.`,
    );
  }
  const { length, 'piece length': found } = info as { readonly [key: string]: Bencoded };
  checkShape(shard, pieceLength, Number(length), Number(found));
  return bare;
}

/** @throws ShoalError `bad-manifest` when the torrent that the manifest names describes another file */
export function checkShape(shard: ManifestShard, pieceLength: number, length: number, foundPieceLength: number): void {
  if (length === shard.sizeBytes && foundPieceLength === pieceLength) return;
  throw new ShoalError(
    'bad-manifest',
    `The manifest gives ${shard.fileName} ${shard.sizeBytes} bytes in pieces of ${pieceLength}, its torrent has ${length} in pieces of ${foundPieceLength}. Whoever published the model must split it again.`,
  );
}
