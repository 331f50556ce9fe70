import { type SwarmKeys, sameBytes } from '../../protocol/private-swarm.ts';

/** Peers remembered: as many as a tab knows members. */
const MAX_PEERS = 4096;

interface Offered {
  readonly certificate: Uint8Array;
  isMember: boolean | undefined;
}

/** The certificates that peers have shown. One is verified when first asked for: that takes milliseconds. */
export class Certificates {
  readonly #keys: SwarmKeys;
  /** Oldest first. */
  readonly #offered = new Map<string, Offered>();

  constructor(keys: SwarmKeys) {
    this.#keys = keys;
  }

  /** A peer's certificate, empty where it has none. A member that was shown to be one stays one. */
  offer(peerId: string, certificate: Uint8Array): void {
    const known = this.#offered.get(peerId);
    if (certificate.length === 0 || known?.isMember) return;
    if (known && sameBytes(known.certificate, certificate)) return;
    this.#offered.delete(peerId);
    this.#offered.set(peerId, { certificate, isMember: undefined });
    const [oldest] = this.#offered.keys();
    if (this.#offered.size > MAX_PEERS && oldest !== undefined) this.#offered.delete(oldest);
  }

  isMember(peerId: string): boolean {
    const offered = this.#offered.get(peerId);
    if (!offered) return false;
    offered.isMember ??= this.#keys.isMember(peerId, offered.certificate);
    return offered.isMember;
  }
}
