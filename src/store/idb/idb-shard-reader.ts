import { release } from '../../core/bytes.ts';
import { ShoalError } from '../../core/errors.ts';
import { collectGarbage } from '../../core/garbage.ts';
import type { ManifestShard } from '../../protocol/manifest.ts';
import { PieceHashes } from '../metainfo/piece-hashes.ts';
import { TorrentRecords } from '../metainfo/torrent-records.ts';
import type { ReadOptions, ShardReader } from '../shard-store.ts';
import { ChunkDatabase } from './chunk-database.ts';

/** Read in one transaction: enough to make its overhead vanish. */
const BATCH_BYTES = 2 * 1024 * 1024;
/** Records of one transaction at most, where pieces are short. */
const MAX_BATCH_PIECES = 8;
/** Batches kept behind the one in use: the tensors of a layer are not read in the order in which they lie. */
const KEPT_BATCHES = 1;

/** A piece as it was stored. */
interface StoredPiece {
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
  /** Its SHA-1 is right, or nobody knows which is. */
  readonly sound: boolean;
}

export interface IdbShardReaderOptions {
  readonly chunks?: ChunkDatabase;
  /** What the pieces are checked against as they are read; without it they are not. */
  readonly hashes?: PieceHashes | undefined;
}

/** One connection for all readers of a thread. */
const CHUNKS = new ChunkDatabase();

/**
 * A reader that checks every piece that it reads, if this browser keeps the shard's torrent. Where it does not, the
 * store has hashed the whole in this page's life.
 */
export async function openCheckedReader(shard: ManifestShard, pieceLength: number): Promise<IdbShardReader> {
  const hashes = await PieceHashes.find(new TorrentRecords(), shard, pieceLength);
  return new IdbShardReader(shard, pieceLength, { hashes });
}

/** Reads a stored shard from IndexedDB, ahead where it is read in order; works in pages and workers. */
export class IdbShardReader implements ShardReader {
  readonly shard: ManifestShard;
  readonly #pieceLength: number;
  /** Pieces read at once. */
  readonly #batchPieces: number;
  readonly #chunks: ChunkDatabase;
  readonly #hashes: PieceHashes | undefined;
  /** By number. */
  readonly #batches = new Map<number, Promise<readonly StoredPiece[]>>();

  constructor(shard: ManifestShard, pieceLength: number, { chunks = CHUNKS, hashes }: IdbShardReaderOptions = {}) {
    this.shard = shard;
    this.#pieceLength = pieceLength;
    this.#batchPieces = Math.min(MAX_BATCH_PIECES, Math.max(1, Math.floor(BATCH_BYTES / pieceLength)));
    this.#chunks = chunks;
    this.#hashes = hashes;
  }

  async read(offset: number, length: number, { signal, into }: ReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
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
    const result = into?.subarray(0, length) ?? new Uint8Array(length);
    const end = Math.ceil((offset + length) / this.#pieceLength);
    for (let piece = Math.floor(offset / this.#pieceLength); piece < end; piece++) {
      if (signal?.aborted) throw new ShoalError('aborted', `Reading ${fileName} was cancelled.`);
      const batch = await this.#batch(Math.floor(piece / this.#batchPieces));
      const bytes = this.#checked(piece, batch[piece % this.#batchPieces]!);
      // Where the piece begins, seen from the first byte wanted.
      const start = piece * this.#pieceLength - offset;
      result.set(bytes.subarray(Math.max(0, -start), Math.max(0, length - start)), Math.max(0, start));
    }
    return result;
  }

  /** Gives the memory back that it reads ahead into. */
  close(): void {
    for (const number of this.#batches.keys()) this.#forget(number);
    collectGarbage();
  }

  #checked(piece: number, { bytes, sound }: StoredPiece): Uint8Array {
    const expected = Math.min(this.#pieceLength, this.shard.sizeBytes - piece * this.#pieceLength);
    if (bytes?.byteLength === expected && sound) return bytes;
    // What is stored may be right when it is asked for again.
    this.close();
    const where = `${this.shard.fileName}: piece ${piece}`;
    if (bytes?.byteLength === expected) {
      throw new ShoalError('hash-mismatch', `${where} went wrong in this browser's storage. Download the shard again.`);
    }
    throw new ShoalError(
      'shard-missing',
      `${where} has ${bytes?.byteLength ?? 'no'} bytes in this browser's storage, expected ${expected}. Download the shard again.`,
    );
  }

  /** A batch, and on the way the next one where the one before was read. */
  #batch(number: number): Promise<readonly StoredPiece[]> {
    const batch = this.#started(number);
    const next = number + 1;
    const inOrder = this.#batches.has(number - 1);
    if (inOrder && next * this.#batchPieces * this.#pieceLength < this.shard.sizeBytes) this.#started(next);
    for (const other of this.#batches.keys()) if (other < number - KEPT_BATCHES || other > next) this.#forget(other);
    return batch;
  }

  #started(number: number): Promise<readonly StoredPiece[]> {
    let batch = this.#batches.get(number);
    if (!batch) {
      batch = this.#fetch(number * this.#batchPieces);
      // Whoever waits for it hears of it; nobody may wait for what is read ahead.
      batch.catch(() => this.#batches.delete(number));
      this.#batches.set(number, batch);
    }
    return batch;
  }

  async #fetch(start: number): Promise<StoredPiece[]> {
    const end = Math.min(start + this.#batchPieces, Math.ceil(this.shard.sizeBytes / this.#pieceLength));
    const pieces = await this.#chunks.getRange(this.shard.infoHash, start, end);
    return Promise.all(
      pieces.map(async (bytes, index) => ({
        bytes,
        sound: !bytes || !this.#hashes || (await this.#hashes.matches(start + index, bytes)),
      })),
    );
  }

  #forget(number: number): void {
    const batch = this.#batches.get(number)!;
    this.#batches.delete(number);
    const free = (pieces: readonly StoredPiece[]) => {
      for (const { bytes } of pieces) if (bytes) release(bytes);
    };
    batch.then(free, () => undefined);
  }
}
