import type { ChunkStore } from 'webtorrent';
import { ShoalError } from '../../core/errors.ts';
import type { ChunkDatabase } from './chunk-database.ts';
import type { PieceWriter } from './piece-writer.ts';

type Done = (error: Error | null) => void;
type GotBytes = (error: Error | null, bytes?: Uint8Array) => void;
interface Part {
  readonly offset?: number;
  readonly length?: number;
}

/** One shard's pieces in the chunk database, as webtorrent stores and reads them. */
export class IdbChunkStore implements ChunkStore {
  readonly chunkLength: number;
  readonly #chunks: ChunkDatabase;
  readonly #writer: PieceWriter;
  readonly #infoHash: string;

  constructor(chunks: ChunkDatabase, writer: PieceWriter, infoHash: string, pieceLength: number) {
    this.#chunks = chunks;
    this.#writer = writer;
    this.#infoHash = infoHash;
    this.chunkLength = pieceLength;
  }

  put(piece: number, bytes: Uint8Array, callback: Done): void {
    this.#writer.put(this.#infoHash, piece, bytes).then(() => callback(null), callback);
  }

  get(piece: number, options: Part | null | GotBytes, callback?: GotBytes): void {
    const done = typeof options === 'function' ? options : callback!;
    const part = typeof options === 'function' ? undefined : options;
    this.#get(piece, part?.offset ?? 0, part?.length).then((bytes) => done(null, bytes), done);
  }

  /** The database outlives the torrent: nothing to close. */
  close(callback: Done): void {
    callback(null);
  }

  destroy(callback: Done): void {
    this.#chunks.delete(this.#infoHash).then(() => callback(null), callback);
  }

  async #get(piece: number, offset: number, length: number | undefined): Promise<Uint8Array> {
    const [bytes] = await this.#chunks.getRange(this.#infoHash, piece, piece + 1);
    if (!bytes) throw new ShoalError('shard-missing', `Piece ${piece} of ${this.#infoHash} is not stored.`);
    return bytes.subarray(offset, length === undefined ? undefined : offset + length);
  }
}
