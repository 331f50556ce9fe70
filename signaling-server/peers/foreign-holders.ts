import type { PeerId } from '@libp2p/interface';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { MAX_NAMED_HOLDERS } from '../../src/protocol/directory-exchange.ts';
import { FOREIGN_HOLDERS_VALIDITY_MS } from '../limits.ts';

/** Finds holders at the other servers: by holder the multiaddr of the relay that introduces it. */
export type FindElsewhere = (key: string) => Promise<Map<string, string>>;

interface Found {
  readonly atMs: number;
  readonly holders: Promise<Map<string, string>>;
}

/** Who holds what at the other servers: asked for when a tab asks, and known for a moment. */
export class ForeignHolders {
  readonly #find: FindElsewhere;
  /** By key; there are as many keys as served manifests and shards. */
  readonly #found = new Map<string, Found>();
  /** By holder, of each key's last answer. */
  readonly #relays = new Map<string, Map<string, string>>();

  constructor(find: FindElsewhere) {
    this.#find = find;
  }

  /** Peer ids. Never rejects. */
  async of(key: string): Promise<string[]> {
    const known = this.#found.get(key);
    const now = performance.now();
    if (known && now - known.atMs < FOREIGN_HOLDERS_VALIDITY_MS) return [...(await known.holders).keys()];
    const holders = this.#find(key).then((found) => new Map([...found].slice(0, MAX_NAMED_HOLDERS)));
    this.#found.set(key, { atMs: now, holders });
    const relays = await holders;
    this.#relays.set(key, relays);
    return [...relays.keys()];
  }

  /** How a holder is reached that was named lately. */
  addressOf(holder: PeerId): Multiaddr | undefined {
    const name = holder.toString();
    for (const relays of this.#relays.values()) {
      const relay = relays.get(name);
      if (relay !== undefined) return multiaddr(`${relay}/p2p-circuit/p2p/${name}`);
    }
    return undefined;
  }
}
