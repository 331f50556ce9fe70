import type { MemoryServer } from './memory-server.ts';

interface Place {
  readonly own: MemoryServer;
  others: readonly MemoryServer[];
  /** Through which the member gossips. */
  gossip: MemoryServer;
}

/** At which servers of a `MemoryNetwork` each member has its places: one of its own, and another by chance. */
export class MemoryPlaces {
  readonly #servers: readonly MemoryServer[];
  readonly #random: () => number;
  readonly #places = new Map<string, Place>();
  /** By the server through which they gossip; undefined after a change. */
  #groups: ReadonlyMap<MemoryServer, readonly string[]> | undefined;
  #joined = 0;

  constructor(servers: readonly MemoryServer[], random: () => number) {
    this.#servers = servers;
    this.#random = random;
    for (const server of servers)
      server.events.on('change', () => {
        this.#groups = undefined;
        for (const place of this.#places.values()) this.#repair(place);
      });
  }

  join(peerId: string): void {
    const own = this.#servers[this.#joined++ % this.#servers.length]!;
    const place: Place = { own, others: [], gossip: own };
    this.#places.set(peerId, place);
    this.#repair(place);
    this.#groups = undefined;
  }

  leave(peerId: string): void {
    this.#places.delete(peerId);
    this.#groups = undefined;
  }

  /** Servers that introduce the member now. */
  of(peerId: string): readonly MemoryServer[] {
    const place = this.#places.get(peerId);
    return place ? [place.own, ...place.others].filter(({ up }) => up) : [];
  }

  /** The server through which the member gossips. */
  gossipOf(peerId: string): MemoryServer | undefined {
    return this.#places.get(peerId)?.gossip;
  }

  /** Members by the server through which they gossip. */
  groups(): ReadonlyMap<MemoryServer, readonly string[]> {
    if (!this.#groups) {
      const groups = new Map<MemoryServer, string[]>();
      for (const [peerId, { gossip }] of this.#places) {
        const group = groups.get(gossip) ?? [];
        groups.set(gossip, group);
        group.push(peerId);
      }
      this.#groups = groups;
    }
    return this.#groups;
  }

  /** Takes other servers for those that are gone, as far as there are any. */
  #repair(place: Place): void {
    const wanted = place.own.up ? 1 : 2;
    const kept = place.others.filter(({ up }) => up).slice(0, wanted);
    const free = this.#servers.filter((server) => server.up && server !== place.own && !kept.includes(server));
    while (kept.length < wanted && free.length > 0) {
      kept.push(...free.splice(Math.floor(this.#random() * free.length), 1));
    }
    place.others = kept;
    if (!place.gossip.up) place.gossip = [place.own, ...kept].find(({ up }) => up) ?? place.own;
  }
}
