import { ShoalError } from '../../core/errors.ts';

/** BitTorrent's block, the least that a peer sends. */
const MIN_PIECE_LENGTH = 16 * 1024;
/** The longest piece in common use; a piece is held in memory while it is fetched and checked. */
const MAX_PIECE_LENGTH = 16 * 1024 * 1024;

/** @throws ShoalError `bad-manifest` when shards cannot be exchanged in pieces of this length */
export function checkPieceLength(pieceLength: number): void {
  if (pieceLength >= MIN_PIECE_LENGTH && pieceLength <= MAX_PIECE_LENGTH) return;
  throw new ShoalError(
    'bad-manifest',
    `The manifest's piece length is ${pieceLength} bytes; ${MIN_PIECE_LENGTH} to ${MAX_PIECE_LENGTH} are supported.`,
  );
}

/** Pieces that hold the first `sizeBytes` bytes of a shard. */
export function pieceCount(sizeBytes: number, pieceLength: number): number {
  return Math.ceil(sizeBytes / pieceLength);
}

/** Bytes of these pieces, of which the shard's last one is shorter. */
export function pieceBytes(pieces: Iterable<number>, sizeBytes: number, pieceLength: number): number {
  let total = 0;
  for (const piece of pieces) total += Math.max(0, Math.min(pieceLength, sizeBytes - piece * pieceLength));
  return total;
}

/** BitTorrent's bitfield of `count` pieces: the first piece in the highest bit of the first byte. */
export function bitfieldOf(pieces: Iterable<number>, count: number): Uint8Array {
  const bitfield = new Uint8Array(Math.ceil(count / 8));
  for (const piece of pieces) if (piece < count) bitfield[piece >> 3]! |= 0x80 >> (piece & 7);
  return bitfield;
}
