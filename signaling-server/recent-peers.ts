import { KNOWN_AFTER_LEAVING_MS, MAX_SOCKETS } from './limits.ts';

/** Peers that were connected to the server a moment ago: each has shown by a handshake that it has its key. */
export class RecentPeers {
  /** When each left, oldest first. */
  readonly #left = new Map<string, number>();

  /** Call when a peer's last connection is closed. */
  add(peerId: string): void {
    this.#left.delete(peerId);
    this.#left.set(peerId, performance.now());
    const [oldest] = this.#left.keys();
    if (oldest !== undefined && this.#left.size > MAX_SOCKETS) this.#left.delete(oldest);
  }

  has(peerId: string): boolean {
    const leftAtMs = this.#left.get(peerId);
    return leftAtMs !== undefined && performance.now() - leftAtMs < KNOWN_AFTER_LEAVING_MS;
  }
}
