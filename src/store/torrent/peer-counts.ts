import type { Torrent } from 'webtorrent';
import type { PeerTraffic } from '../shard-store.ts';

/** Tabs whose bytes are counted one by one: more than a tab has connections for a shard. */
const MAX_COUNTED = 64;

/** What went to and came from each tab in one shard's exchanges, since the page was opened. */
export class PeerCounts {
  readonly #counts = new Map<string, { receivedBytes: number; sentBytes: number; connections: number }>();

  /** Counts what crosses a torrent's wires from now on. */
  watch(torrent: Torrent): void {
    torrent.on('wire', (wire) => {
      const count = this.#countOf(wire.peerId);
      count.connections++;
      wire.on('piece', (_piece, _offset, { byteLength }) => {
        count.receivedBytes += byteLength;
      });
      wire.on('upload', (bytes) => {
        count.sentBytes += bytes;
      });
      wire.on('close', () => {
        count.connections--;
      });
    });
  }

  /** Those with most bytes first; tabs without any are named while they are connected. */
  list(): PeerTraffic[] {
    return [...this.#counts]
      .map(([exchangeId, { receivedBytes, sentBytes, connections }]) => ({
        ...{ exchangeId, receivedBytes, sentBytes },
        connected: connections > 0,
      }))
      .filter(({ receivedBytes, sentBytes, connected }) => connected || receivedBytes + sentBytes > 0)
      .sort((a, b) => b.receivedBytes + b.sentBytes - (a.receivedBytes + a.sentBytes));
  }

  #countOf(exchangeId: string) {
    const known = this.#counts.get(exchangeId);
    if (known) return known;
    if (this.#counts.size >= MAX_COUNTED) {
      const gone = this.list().findLast(({ connected }) => !connected);
      if (gone) this.#counts.delete(gone.exchangeId);
    }
    const count = { receivedBytes: 0, sentBytes: 0, connections: 0 };
    this.#counts.set(exchangeId, count);
    return count;
  }
}
