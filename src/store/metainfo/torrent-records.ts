import { createStore, del, delMany, get, set, type UseStore } from 'idb-keyval';

/**
 * The `.torrent` of each shard that this browser has seen, in a database of its own (idb-keyval keeps one store a
 * database): with it a reopened tab seeds at once and asks nobody for metadata. Beside it stands which SHA-256 the whole
 * of the stored shard had.
 */
export class TorrentRecords {
  readonly #store: UseStore = createStore('shoal-torrents', 'torrents');

  get(infoHash: string): Promise<Uint8Array | undefined> {
    return get<Uint8Array>(infoHash, this.#store);
  }

  set(infoHash: string, torrent: Uint8Array): Promise<void> {
    return set(infoHash, torrent, this.#store);
  }

  /** The SHA-256 that the stored shard had when all of it was hashed last, hexadecimal. */
  sha256(infoHash: string): Promise<string | undefined> {
    return get<string>(hashKey(infoHash), this.#store);
  }

  setSha256(infoHash: string, sha256: string): Promise<void> {
    return set(hashKey(infoHash), sha256, this.#store);
  }

  /** To be called when stored pieces are given up. */
  forgetSha256(infoHash: string): Promise<void> {
    return del(hashKey(infoHash), this.#store);
  }

  delete(infoHash: string): Promise<void> {
    return delMany([infoHash, hashKey(infoHash)], this.#store);
  }
}

function hashKey(infoHash: string): string {
  return `${infoHash}/sha256`;
}
