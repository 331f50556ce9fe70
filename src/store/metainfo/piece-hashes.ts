import bencode from 'bencode';
import type { ManifestShard } from '../../protocol/manifest.ts';
import { checkTorrent } from './torrent-info.ts';
import type { TorrentRecords } from './torrent-records.ts';

/** Bytes of a SHA-1. */
const HASH_BYTES = 20;

/** The SHA-1 of each of a shard's pieces, as its torrent says. The manifest vouches for them by the info hash. */
export class PieceHashes {
  readonly #hashes: Uint8Array;
  #scratch = new Uint8Array();

  private constructor(hashes: Uint8Array) {
    this.#hashes = hashes;
  }

  /** @throws ShoalError as `checkTorrent` */
  static async of(torrent: Uint8Array, shard: ManifestShard, pieceLength: number): Promise<PieceHashes> {
    const bare = await checkTorrent(torrent, shard, pieceLength);
    const { info } = bencode.decode(bare) as { readonly info: { readonly pieces: Uint8Array } };
    return new PieceHashes(info.pieces);
  }

  /** Those of the torrent that this browser keeps; undefined when it keeps none that is sound. */
  static async find(
    records: TorrentRecords,
    shard: ManifestShard,
    pieceLength: number,
  ): Promise<PieceHashes | undefined> {
    const torrent = await records.get(shard.infoHash);
    return torrent && PieceHashes.of(torrent, shard, pieceLength).catch(() => undefined);
  }

  async matches(piece: number, bytes: Uint8Array): Promise<boolean> {
    // Chromium keeps a buffer that it was given until a collection, whoever releases it; this one it has already.
    if (this.#scratch.length < bytes.length) this.#scratch = new Uint8Array(bytes.length);
    this.#scratch.set(bytes);
    const actual = new Uint8Array(await crypto.subtle.digest('SHA-1', this.#scratch.subarray(0, bytes.length)));
    return actual.every((byte, index) => byte === this.#hashes[piece * HASH_BYTES + index]);
  }
}
