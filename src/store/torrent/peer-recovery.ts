import type { Torrent, Wire } from 'webtorrent';
import { announceNow } from './tracker-link.ts';

/**
 * A peer that answers no request for so long is dropped, and its blocks are asked of others. A crashed tab is noticed
 * by its connection only after 16 s; what is asked for at once comes within about a second, also from a hidden tab.
 */
const MAX_SILENCE_MS = 8000;
/** Pause before looking for other peers: the last one may just be reloading, and then announces itself. */
const LONELY_MS = 2000;

/** Keeps a download going when peers vanish. */
export class PeerRecovery {
  readonly #torrent: Torrent;
  #lonely: ReturnType<typeof setTimeout> | undefined;

  constructor(torrent: Torrent) {
    this.#torrent = torrent;
    torrent.on('wire', (wire) => this.#watch(wire));
  }

  close(): void {
    clearTimeout(this.#lonely);
  }

  #watch(wire: Wire): void {
    wire.setTimeout(MAX_SILENCE_MS, true);
    wire.on('close', () => {
      clearTimeout(this.#lonely);
      if (!this.#torrent.destroyed) this.#lonely = setTimeout(() => this.#lookForPeers(), LONELY_MS);
    });
  }

  /** webtorrent itself announces again when the tracker's interval is over, in minutes. */
  #lookForPeers(): void {
    const { done, destroyed, wires } = this.#torrent;
    if (!done && !destroyed && wires.length === 0) announceNow(this.#torrent);
  }
}
