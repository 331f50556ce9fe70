import { createStore, getMany, promisifyRequest, setMany, type UseStore } from 'idb-keyval';
import { ShoalError } from '../../core/errors.ts';
import { countGarbage } from '../../core/garbage.ts';
import { pieceCount } from '../metainfo/pieces.ts';

/** The name of the IndexedDB database, which pages and workers of one origin share. */
const DATABASE = 'shoal-pieces';

/** A piece of a shard, its SHA-1 checked. */
export interface Piece {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** Consecutive bytes of a shard as its pieces, of which `first` is the first. */
export function cutPieces(bytes: Uint8Array, pieceLength: number, first = 0): Piece[] {
  return Array.from({ length: pieceCount(bytes.length, pieceLength) }, (_, at) => ({
    index: first + at,
    bytes: bytes.subarray(at * pieceLength, (at + 1) * pieceLength),
  }));
}

/**
 * Pieces of shards in IndexedDB, one record each under `${infoHash}/${piece}`. A piece is written when its SHA-1 is
 * right, so the keys say which pieces are stored, and nothing else has to be kept in step with them. A record is a Blob:
 * on the way out Chromium copies an array five times, each time into fresh memory, and a Blob once.
 */
export class ChunkDatabase {
  readonly #store: UseStore;

  constructor(database: string = DATABASE) {
    this.#store = createStore(database, 'pieces');
  }

  /** Pieces `[start, end)` in one transaction; undefined where one is not stored. */
  async getRange(infoHash: string, start: number, end: number): Promise<(Uint8Array<ArrayBuffer> | undefined)[]> {
    const keys = Array.from({ length: end - start }, (_, index) => key(infoHash, start + index));
    const blobs = await getMany<Blob | undefined>(keys, this.#store);
    const pieces = await Promise.all(blobs.map((blob) => blob && bytesOf(blob)));
    countGarbage(pieces.reduce((sum, bytes) => sum + (bytes?.byteLength ?? 0), 0));
    return pieces;
  }

  /** @throws ShoalError `storage-full` */
  put(infoHash: string, index: number, bytes: Uint8Array): Promise<void> {
    return this.putAll(infoHash, [{ index, bytes }]);
  }

  /** Stores these pieces in one transaction: all or none. @throws ShoalError `storage-full` */
  async putAll(infoHash: string, pieces: readonly Piece[]): Promise<void> {
    // The cast is of the type alone: pieces are never shared memory.
    const entries = pieces.map(({ index, bytes }): [IDBValidKey, Blob] => [
      key(infoHash, index),
      new Blob([bytes as Uint8Array<ArrayBuffer>]),
    ]);
    try {
      await setMany(entries, this.#store);
      countGarbage(pieces.reduce((sum, { bytes }) => sum + bytes.byteLength, 0));
    } catch (cause) {
      if ((cause as DOMException | null)?.name !== 'QuotaExceededError') throw cause;
      const where = `piece ${pieces[0]?.index} of ${infoHash}`;
      throw new ShoalError('storage-full', `The browser's storage is full at ${where}.`, { cause });
    }
  }

  /** Numbers of the stored pieces, in no order. */
  async pieces(infoHash: string): Promise<number[]> {
    const keys = await this.#store('readonly', (store) => promisifyRequest(store.getAllKeys(allPieces(infoHash))));
    return keys.map((found) => Number(String(found).slice(infoHash.length + 1)));
  }

  count(infoHash: string): Promise<number> {
    return this.#store('readonly', (store) => promisifyRequest(store.count(allPieces(infoHash))));
  }

  delete(infoHash: string): Promise<void> {
    return this.#store('readwrite', (store) => {
      store.delete(allPieces(infoHash));
      return promisifyRequest(store.transaction);
    });
  }

  /** Keeps stored pieces `[start, end)` under another name, in one transaction. @throws ShoalError `storage-full` */
  async rename(from: string, to: string, start: number, end: number): Promise<void> {
    const pieces = await this.getRange(from, start, end);
    await this.putAll(
      to,
      pieces.flatMap((bytes, index) => (bytes ? [{ index: start + index, bytes }] : [])),
    );
    await this.#store('readwrite', (store) => {
      for (let index = start; index < end; index++) store.delete(key(from, index));
      return promisifyRequest(store.transaction);
    });
  }
}

/** A Blob whose file is gone, as after another tab has deleted it, is not stored. */
async function bytesOf(blob: Blob): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch {
    return undefined;
  }
}

/** What stands for the info hash of pieces that nobody can check yet. */
export function asideOf(infoHash: string): string {
  return `aside-${infoHash}`;
}

function key(infoHash: string, piece: number): string {
  return `${infoHash}/${piece}`;
}

function allPieces(infoHash: string): IDBKeyRange {
  // '0' is the character after '/'.
  return IDBKeyRange.bound(`${infoHash}/`, `${infoHash}0`, false, true);
}
