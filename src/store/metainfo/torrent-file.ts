import bencode, { type Bencoded } from 'bencode';
import { toHex } from '../../core/bytes.ts';
import { ShoalError } from '../../core/errors.ts';
import { createHasher, type Hasher } from './hasher.ts';

/**
 * The shortest BitTorrent pieces of a model's shards. A piece is the least that a tab can check and pass on, so small
 * pieces spread sooner.
 */
export const PIECE_LENGTH = 256 * 1024;
/**
 * A piece is also a request and a record of the browser's database, which keeps each in a file of its own: beyond so
 * many of them, longer pieces are faster.
 */
const MANY_PIECES = 256;
/** A piece is held in memory while it is fetched, checked and stored, and four are on their way at once. */
const LONGEST_PIECE = 4 * 1024 * 1024;

/** The piece length of a model, bytes. @param sizeBytes - of its largest shard */
export function pieceLengthFor(sizeBytes: number): number {
  let length = PIECE_LENGTH;
  while (length < LONGEST_PIECE && sizeBytes > length * MANY_PIECES) length *= 2;
  return length;
}

/** What is known of a shard file when all its bytes have gone by. */
export interface ShardDigest {
  readonly sizeBytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** BitTorrent v1, hexadecimal. */
  readonly infoHash: string;
  /** The `.torrent` without tracker and web seeds: the same file name and bytes give the same torrent. */
  readonly torrent: Uint8Array<ArrayBuffer>;
}

/** Hashes a file as its bytes go by: SHA-256, and the SHA-1 of each piece. */
export class ShardHasher {
  readonly #fileName: string;
  readonly #whole: Hasher;
  readonly #piece: Hasher;
  readonly #pieceLength: number;
  readonly #pieces: Uint8Array[] = [];
  #sizeBytes = 0;

  private constructor(fileName: string, pieceLength: number, whole: Hasher, piece: Hasher) {
    this.#fileName = fileName;
    this.#pieceLength = pieceLength;
    this.#whole = whole;
    this.#piece = piece;
  }

  /** @param pieceLength - of the torrent, bytes */
  static async create(fileName: string, pieceLength: number): Promise<ShardHasher> {
    return new ShardHasher(fileName, pieceLength, await createHasher('sha256'), await createHasher('sha1'));
  }

  update(chunk: Uint8Array): void {
    this.#whole.update(chunk);
    const length = this.#pieceLength;
    for (let offset = 0; offset < chunk.length; ) {
      const part = chunk.subarray(offset, offset + length - (this.#sizeBytes % length));
      this.#piece.update(part);
      offset += part.length;
      this.#sizeBytes += part.length;
      if (this.#sizeBytes % length === 0) this.#endPiece();
    }
  }

  /** Call once, after the last byte. */
  finish(): ShardDigest {
    if (this.#sizeBytes % this.#pieceLength !== 0) this.#endPiece();
    const pieces = new Uint8Array(this.#pieces.length * 20);
    for (const [index, hash] of this.#pieces.entries()) pieces.set(hash, index * 20);
    const info = { length: this.#sizeBytes, name: this.#fileName, 'piece length': this.#pieceLength, pieces };
    this.#piece.update(bencode.encode(info));
    return {
      sizeBytes: this.#sizeBytes,
      sha256: toHex(this.#whole.digest()),
      infoHash: toHex(this.#piece.digest()),
      torrent: bencode.encode({ info }),
    };
  }

  #endPiece(): void {
    this.#pieces.push(this.#piece.digest());
  }
}

/** Where a torrent's users find each other, and copies on plain web servers. */
export interface TorrentLinks {
  /** Trackers. */
  readonly announce: readonly string[];
  readonly webSeeds: readonly string[];
}

/**
 * A `.torrent` with other links; the info hash stays.
 * @throws ShoalError `bad-request` when the bytes are no torrent
 */
export function withLinks(torrent: Uint8Array, { announce, webSeeds }: TorrentLinks): Uint8Array<ArrayBuffer> {
  return bencode.encode({
    ...(announce[0] ? { announce: announce[0], 'announce-list': announce.map((url) => [url]) } : {}),
    info: readInfo(torrent),
    ...(webSeeds.length > 0 ? { 'url-list': webSeeds } : {}),
  });
}

function readInfo(torrent: Uint8Array): Bencoded {
  try {
    const decoded = bencode.decode(torrent);
    if (typeof decoded === 'object' && 'info' in decoded) return decoded.info;
  } catch (cause) {
    throw new ShoalError('bad-request', 'The torrent file is not bencoded.', { cause });
  }
  throw new ShoalError('bad-request', 'The torrent file has no info dictionary.');
}
