import type { IHasher } from 'hash-wasm';
import { toHex } from '../../core/bytes.ts';
import { ShoalError } from '../../core/errors.ts';
import { Lazy } from '../../core/lazy.ts';

const DIGEST_BYTES = 32;

/** SHA-256 of rows, one after the other. No call of it waits in the middle: all sessions and checks share one. */
export class RowHasher {
  static readonly #shared = new Lazy(openHasher);
  readonly #hasher: IHasher;

  constructor(hasher: IHasher) {
    this.#hasher = hasher;
  }

  static shared(): Promise<RowHasher> {
    return RowHasher.#shared.get();
  }

  /** @param values - `[T, width]` @returns the digests of the rows `[T, 32]` */
  digest(values: Float32Array | Uint32Array, width: number): Uint8Array {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const rowBytes = width * values.BYTES_PER_ELEMENT;
    const rows = Math.floor(bytes.length / rowBytes);
    const digests = new Uint8Array(rows * DIGEST_BYTES);
    for (let row = 0; row < rows; row++)
      digests.set(this.#of(bytes.subarray(row * rowBytes, (row + 1) * rowBytes)), row * DIGEST_BYTES);
    return digests;
  }

  /** One digest of all. */
  root(digests: Uint8Array): string {
    return toHex(this.#of(digests));
  }

  #of(bytes: Uint8Array): Uint8Array {
    return this.#hasher.init().update(bytes).digest('binary');
  }
}

async function openHasher(): Promise<RowHasher> {
  const { createSHA256 } = await import('hash-wasm');
  return new RowHasher(await createSHA256());
}

/** The digests of a session's rows, one a position: what was computed can be told from what is said later. */
export class RowDigests {
  #digests = new Uint8Array(64 * DIGEST_BYTES);
  #length = 0;

  /** @param digests - of the rows from `position` on; what lay there and after it is forgotten */
  write(position: number, digests: Uint8Array): void {
    // Rows that are not next have been lost on the way: the task fails for that as well.
    if (position > this.#length) return;
    const end = position * DIGEST_BYTES + digests.length;
    if (end > this.#digests.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(this.#digests.subarray(0, position * DIGEST_BYTES));
      this.#digests = larger;
    }
    this.#digests.set(digests, position * DIGEST_BYTES);
    this.#length = end / DIGEST_BYTES;
  }

  truncate(position: number): void {
    this.#length = Math.min(this.#length, position);
  }

  /**
   * Of the first `length` rows.
   * @throws ShoalError `limit-exceeded` when there are fewer: nobody is to sign for rows that there are not
   */
  first(length: number): Uint8Array {
    if (length > this.#length)
      throw new ShoalError('limit-exceeded', `Of ${this.#length} rows there are hashes; ${length} were asked for.`);
    return this.#digests.subarray(0, length * DIGEST_BYTES);
  }
}

/** SHA-256 over rows `[T, width]`, or over tokens, as a stage keeps it of them. */
export async function digestOf(values: Float32Array | Uint32Array, width: number): Promise<string> {
  const hasher = await RowHasher.shared();
  return hasher.root(hasher.digest(values, values instanceof Uint32Array ? 1 : width));
}
