import { ShoalError } from '../core/errors.ts';
import type { ManifestShard } from '../protocol/manifest.ts';
import { ChunkDatabase } from './chunk-database.ts';
import type { ShardReader } from './shard-store.ts';

/** Pieces read in one transaction: enough to make its overhead vanish, 4 MiB of memory at the usual piece length. */
const BATCH_PIECES = 16;

/** One connection for all readers of a thread. */
const CHUNKS = new ChunkDatabase();

/** Reads a stored shard from IndexedDB; works in pages and workers. */
export class IdbShardReader implements ShardReader {
  readonly shard: ManifestShard;
  readonly #pieceLength: number;
  readonly #chunks: ChunkDatabase;
  /** The last piece read: small tensors lie side by side in one piece. */
  #last: { readonly piece: number; readonly bytes: Uint8Array } | undefined;

  constructor(shard: ManifestShard, pieceLength: number, chunks: ChunkDatabase = CHUNKS) {
    this.shard = shard;
    this.#pieceLength = pieceLength;
    this.#chunks = chunks;
  }

  async read(
    offset: number,
    length: number,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { sizeBytes, fileName } = this.shard;
    if (
      !(
        Number.isSafeInteger(offset) &&
        Number.isSafeInteger(length) &&
        offset >= 0 &&
        length >= 0 &&
        offset + length <= sizeBytes
      )
    ) {
      throw new ShoalError('bad-request', `${fileName} has ${sizeBytes} bytes; ${length} at ${offset} were asked for.`);
    }
    const result = new Uint8Array(length);
    const end = Math.ceil((offset + length) / this.#pieceLength);
    for (let piece = Math.floor(offset / this.#pieceLength); piece < end; piece += BATCH_PIECES) {
      if (signal?.aborted) throw new ShoalError('aborted', `Reading ${fileName} was cancelled.`);
      const batch = await this.#pieces(piece, Math.min(end, piece + BATCH_PIECES));
      for (const [index, bytes] of batch.entries()) {
        // Where the piece begins, seen from the first byte wanted.
        const start = (piece + index) * this.#pieceLength - offset;
        result.set(bytes.subarray(Math.max(0, -start), Math.max(0, length - start)), Math.max(0, start));
      }
    }
    return result;
  }

  async #pieces(start: number, end: number): Promise<Uint8Array[]> {
    if (end - start === 1 && this.#last?.piece === start) return [this.#last.bytes];
    const batch = await this.#chunks.getRange(this.shard.infoHash, start, end);
    const pieces = batch.map((bytes, index) => this.#checked(bytes, start + index));
    this.#last = { piece: end - 1, bytes: pieces.at(-1)! };
    return pieces;
  }

  #checked(bytes: Uint8Array | undefined, piece: number): Uint8Array {
    const { fileName, sizeBytes } = this.shard;
    const expected = Math.min(this.#pieceLength, sizeBytes - piece * this.#pieceLength);
    if (bytes?.byteLength === expected) return bytes;
    throw new ShoalError(
      'shard-missing',
      `${fileName}: piece ${piece} has ${bytes?.byteLength ?? 'no'} bytes in this browser's storage, expected ${expected}. Download the shard again.`,
    );
  }
}
