import { toHex } from '../../core/bytes.ts';
import type { Hasher } from './hasher.ts';

/** Pieces that came before their turn are kept up to so many bytes; those beyond are read back from the storage later. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;

/** The hash of a shard whose pieces come nearly in order: each is hashed when all before it are. */
export class RunningHash {
  readonly #hasher: Hasher;
  readonly #held = new Map<number, Uint8Array>();
  #heldBytes = 0;
  #next = 0;

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
  }

  /** The first piece that is not in the hash yet. */
  get next(): number {
    return this.#next;
  }

  /** Takes a piece. @returns false when it was hashed already */
  add(piece: number, bytes: Uint8Array): boolean {
    if (piece < this.#next) return false;
    if (piece > this.#next) {
      if (this.#heldBytes + bytes.byteLength > MAX_HELD_BYTES) return true;
      this.#held.set(piece, bytes);
      this.#heldBytes += bytes.byteLength;
      return true;
    }
    this.#hasher.update(bytes);
    this.#next++;
    for (let held = this.#take(); held; held = this.#take()) {
      this.#hasher.update(held);
      this.#next++;
    }
    return true;
  }

  /** Takes what the storage holds from piece `next` on, whole pieces or the shard's end. */
  addStored(bytes: Uint8Array, pieceLength: number): void {
    this.#held.clear();
    this.#heldBytes = 0;
    this.#hasher.update(bytes);
    this.#next += Math.ceil(bytes.length / pieceLength);
  }

  /** Hexadecimal. Call once, after the last piece. */
  digest(): string {
    return toHex(this.#hasher.digest());
  }

  #take(): Uint8Array | undefined {
    const bytes = this.#held.get(this.#next);
    if (bytes) {
      this.#held.delete(this.#next);
      this.#heldBytes -= bytes.byteLength;
    }
    return bytes;
  }
}
