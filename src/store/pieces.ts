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
