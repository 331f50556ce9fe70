import { ShoalError } from '../../core/errors.ts';
import { TorrentRecords } from '../metainfo/torrent-records.ts';
import { ChunkDatabase, type Piece } from './chunk-database.ts';

/** Pieces of shards in this thread's memory, for a browser that keeps no site data: gone with the page. */
export class MemoryChunks extends ChunkDatabase {
  readonly #maxBytes: number;
  readonly #shards = new Map<string, Map<number, Uint8Array>>();
  #bytes = 0;

  /** @param maxBytes - of all pieces together */
  constructor(maxBytes: number) {
    super();
    this.#maxBytes = maxBytes;
  }

  override async getRange(
    infoHash: string,
    start: number,
    end: number,
  ): Promise<(Uint8Array<ArrayBuffer> | undefined)[]> {
    const pieces = this.#shards.get(infoHash);
    // Copies, as a database gives: readers release them.
    return Array.from({ length: end - start }, (_, index) => {
      const bytes = pieces?.get(start + index);
      return bytes && new Uint8Array(bytes);
    });
  }

  override async putAll(infoHash: string, added: readonly Piece[]): Promise<void> {
    const pieces = this.#piecesOf(infoHash);
    const sizeOf = (index: number) => pieces.get(index)?.byteLength ?? 0;
    const growth = added.reduce((sum, { index, bytes }) => sum + bytes.byteLength - sizeOf(index), 0);
    if (this.#bytes + growth > this.#maxBytes) throw this.#full();
    const copies = added.map(({ index, bytes }): [number, Uint8Array] => [index, this.#copy(bytes)]);
    for (const [index, bytes] of copies) pieces.set(index, bytes);
    this.#bytes += growth;
  }

  override async pieces(infoHash: string): Promise<number[]> {
    return [...(this.#shards.get(infoHash)?.keys() ?? [])];
  }

  override async count(infoHash: string): Promise<number> {
    return this.#shards.get(infoHash)?.size ?? 0;
  }

  override async delete(infoHash: string): Promise<void> {
    for (const bytes of this.#shards.get(infoHash)?.values() ?? []) this.#bytes -= bytes.byteLength;
    this.#shards.delete(infoHash);
  }

  override async rename(from: string, to: string, start: number, end: number): Promise<void> {
    const pieces = this.#piecesOf(from);
    const renamed = this.#piecesOf(to);
    for (let index = start; index < end; index++) {
      const bytes = pieces.get(index);
      if (!bytes) continue;
      this.#bytes -= renamed.get(index)?.byteLength ?? 0;
      renamed.set(index, bytes);
      pieces.delete(index);
    }
  }

  #piecesOf(infoHash: string): Map<number, Uint8Array> {
    const pieces = this.#shards.get(infoHash) ?? new Map<number, Uint8Array>();
    this.#shards.set(infoHash, pieces);
    return pieces;
  }

  #copy(bytes: Uint8Array): Uint8Array {
    try {
      return new Uint8Array(bytes);
    } catch (cause) {
      throw this.#full(cause);
    }
  }

  #full(cause?: unknown): ShoalError {
    return new ShoalError(
      'storage-full',
      `This browser keeps no site data, and ${this.#maxBytes} bytes of shards are the most that this tab keeps in memory. Serve fewer shards here, or allow this page to store data.`,
      { cause },
    );
  }
}

/** The torrents of shards in memory, likewise. */
export class MemoryRecords extends TorrentRecords {
  readonly #torrents = new Map<string, Uint8Array>();
  readonly #sha256 = new Map<string, string>();

  override async get(infoHash: string): Promise<Uint8Array | undefined> {
    return this.#torrents.get(infoHash);
  }

  override async set(infoHash: string, torrent: Uint8Array): Promise<void> {
    this.#torrents.set(infoHash, torrent);
  }

  override async sha256(infoHash: string): Promise<string | undefined> {
    return this.#sha256.get(infoHash);
  }

  override async setSha256(infoHash: string, sha256: string): Promise<void> {
    this.#sha256.set(infoHash, sha256);
  }

  override async forgetSha256(infoHash: string): Promise<void> {
    this.#sha256.delete(infoHash);
  }

  override async delete(infoHash: string): Promise<void> {
    this.#torrents.delete(infoHash);
    this.#sha256.delete(infoHash);
  }
}
