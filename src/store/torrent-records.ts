import { createStore, del, get, set, type UseStore } from 'idb-keyval';

/**
 * The `.torrent` of each shard that this browser has seen, in a database of its own (idb-keyval keeps one store a
 * database): with it a reopened tab seeds at once and asks nobody for metadata.
 */
export class TorrentRecords {
  readonly #store: UseStore = createStore('shoal-torrents', 'torrents');

  get(infoHash: string): Promise<Uint8Array | undefined> {
    return get<Uint8Array>(infoHash, this.#store);
  }

  set(infoHash: string, torrent: Uint8Array): Promise<void> {
    return set(infoHash, torrent, this.#store);
  }

  delete(infoHash: string): Promise<void> {
    return del(infoHash, this.#store);
  }
}
