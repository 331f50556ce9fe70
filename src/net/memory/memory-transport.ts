import { type LinkSettings, MemoryLink, PERFECT_LINK } from './memory-link.ts';
import { type MemoryMedium, MemoryTransport } from './memory-member.ts';
import { MemoryPlaces } from './memory-places.ts';
import { MemoryServer } from './memory-server.ts';

export interface MemoryNetworkOptions {
  /** Every link, until it is set otherwise. */
  readonly link?: Partial<LinkSettings>;
  /** Where jitter and loss come from, `[0, 1)`; a seeded source makes a run repeatable. */
  readonly random?: () => number;
  /** After so long without a word a peer is gone. Far below what real networks need, so that tests are quick. */
  readonly silenceMs?: number;
  /** Signaling servers that share the swarm; each member has a place at two of them. */
  readonly servers?: number;
  /** Whether a server tells its members what one of another server's says; of everybody unless given. */
  readonly repeats?: (server: number, from: string, message: Uint8Array) => boolean;
}

/**
 * A network in one process: for tests of the swarm at any size, with settable latency, jitter and loss, partitions,
 * sudden death, and a signaling server that can be stopped. It runs on whatever timers there are, also on fake ones.
 */
export class MemoryNetwork {
  readonly servers: readonly MemoryServer[];
  readonly #repeats: NonNullable<MemoryNetworkOptions['repeats']>;
  readonly #places: MemoryPlaces;
  readonly #link: LinkSettings;
  readonly #random: () => number;
  readonly #silenceMs: number;
  readonly #members = new Map<string, MemoryTransport>();
  /** By sender, then by receiver. */
  readonly #links = new Map<string, Map<string, MemoryLink>>();
  /** By member, one that has left among them. */
  readonly #signingKeys = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #medium: MemoryMedium;
  #nextId = 0;

  constructor(options: MemoryNetworkOptions = {}) {
    const { link = {}, random = Math.random, silenceMs = 20, servers = 1, repeats = () => true } = options;
    this.#repeats = repeats;
    this.#link = { ...PERFECT_LINK, ...link };
    this.#random = random;
    this.#silenceMs = silenceMs;
    this.servers = Array.from({ length: servers }, () => new MemoryServer(this.#link.latencyMs));
    this.#places = new MemoryPlaces(this.servers, random);
    this.#medium = {
      servers: this.servers,
      places: (peerId) => this.#places.of(peerId),
      broadcast: (from, message, deliver) => this.#broadcast(from, message, deliver),
      introduces: (from, to) =>
        [from, to].every((peerId) => this.#places.of(peerId).length > 0) && this.#reaches(from, to),
      carry: (from, to, deliver) => this.#carry(from, to, deliver),
      roundTripMs: (one, other) => this.#latencyMs(one, other) + this.#latencyMs(other, one),
      signingKey: (peerId) => this.#signingKey(peerId),
      leave: (member) => {
        this.#remove(member.peerId);
        this.#forgetLinks(member.peerId);
      },
    };
  }

  /** The first one. */
  get server(): MemoryServer {
    return this.servers[0]!;
  }

  /** Directions that something has gone through, between members that are here. */
  get linkCount(): number {
    return [...this.#links.values()].reduce((count, links) => count + links.size, 0);
  }

  /** @param peerId - nobody else's; one that counts up unless given */
  createTransport(peerId = `memory-${String(this.#nextId++).padStart(4, '0')}`): MemoryTransport {
    this.#places.join(peerId);
    const transport = new MemoryTransport(this.#medium, peerId);
    this.#members.set(transport.peerId, transport);
    return transport;
  }

  /** Changes both directions between two members, also for what comes later. */
  setLink(one: string, other: string, settings: Partial<LinkSettings>): void {
    for (const link of this.#between(one, other)) link.settings = { ...link.settings, ...settings };
  }

  /** The member vanishes without a word, and what it has under way with it. The others see its silence. */
  kill(peerId: string): void {
    const member = this.#members.get(peerId);
    this.#remove(peerId);
    for (const other of this.#members.keys()) this.cut(peerId, other);
    member?.vanish();
  }

  /** Nothing passes between the two. If that lasts, their connection is gone; if not, what was under way arrives. */
  cut(one: string, other: string): void {
    const links = this.#between(one, other);
    for (const link of links) link.cut = true;
    setTimeout(() => {
      if (!links.some(({ cut }) => cut)) return;
      for (const link of links) link.clear();
      this.#members.get(one)?.lose(other, `${other} has been silent.`);
      this.#members.get(other)?.lose(one, `${one} has been silent.`);
      for (const peerId of [one, other]) if (!this.#members.has(peerId)) this.#forgetLinks(peerId);
    }, this.#silenceMs);
  }

  mend(one: string, other: string): void {
    for (const link of this.#between(one, other)) link.cut = false;
  }

  /**
   * The member's page stands still, its browser does not: what is sent to it and by it waits, and the others see after a
   * while that it is late.
   * @returns lets it go on
   */
  stall(peerId: string): () => void {
    const others = [...this.#members.keys()].filter((other) => other !== peerId);
    const setCut = (cut: boolean) => {
      for (const other of others) for (const link of this.#between(peerId, other)) link.cut = cut;
    };
    const tell = (late: boolean) => {
      for (const other of others) this.#members.get(other)?.tellLate(peerId, late);
    };
    setCut(true);
    const timer = setTimeout(() => tell(true), this.#silenceMs);
    return () => {
      clearTimeout(timer);
      setCut(false);
      tell(false);
    };
  }

  /** Cuts every link between members of different groups. */
  partition(...groups: readonly (readonly string[])[]): void {
    for (const [index, group] of groups.entries()) {
      for (const one of group) for (const other of groups.slice(index + 1).flat()) this.cut(one, other);
    }
  }

  #signingKey(peerId: string): Uint8Array<ArrayBuffer> {
    const key = this.#signingKeys.get(peerId) ?? crypto.getRandomValues(new Uint8Array(32));
    this.#signingKeys.set(peerId, key);
    return key;
  }

  #carry(from: string, to: string, deliver: (member: MemoryTransport) => void): void {
    if (!this.#members.has(from)) return;
    const arrive = () => {
      const member = this.#members.get(to);
      if (member) deliver(member);
      else this.#miss(from, to);
    };
    if (this.#members.has(to)) this.#linkFrom(from, to).carry(arrive);
    else arrive();
  }

  /** Something was sent to a member that has left meanwhile: no word of it will come. */
  #miss(from: string, to: string): void {
    setTimeout(() => this.#members.get(from)?.lose(to, `${to} has been silent.`), this.#silenceMs);
  }

  #remove(peerId: string): void {
    this.#members.delete(peerId);
    this.#places.leave(peerId);
  }

  /** The servers bring gossip to everybody; without them tabs pass it on over their connections. */
  #broadcast(from: string, message: Uint8Array, deliver: (member: MemoryTransport) => void): void {
    if (!this.#members.has(from)) return;
    const links = this.#links.get(from);
    const together: string[] = [];
    for (const [server, group] of this.#places.groups()) {
      if (!server.up) continue;
      const isOwn = server === this.#places.gossipOf(from);
      if (!isOwn && !this.#repeats(this.servers.indexOf(server), from, message)) continue;
      for (const to of group) {
        if (to === from) continue;
        const link = links?.get(to);
        if (!link && this.#isPerfect) together.push(to);
        else if (!link?.cut) this.#carry(from, to, deliver);
      }
    }
    if (together.length === 0) return;
    // One task for all who have nothing else between them: of thousands of members each pair would have a link.
    setTimeout(() => {
      for (const to of together) {
        const member = this.#members.get(to);
        if (member) deliver(member);
      }
    });
  }

  get #isPerfect(): boolean {
    const { latencyMs, jitterMs, lossRate } = this.#link;
    return latencyMs + jitterMs + lossRate === 0;
  }

  #reaches(from: string, to: string): boolean {
    return this.#members.has(from) && this.#members.has(to) && !this.#linkFrom(from, to).cut;
  }

  #between(one: string, other: string): MemoryLink[] {
    return [this.#linkFrom(one, other), this.#linkFrom(other, one)];
  }

  #linkFrom(from: string, to: string): MemoryLink {
    let links = this.#links.get(from);
    if (!links) {
      links = new Map();
      this.#links.set(from, links);
    }
    let link = links.get(to);
    if (!link) {
      link = new MemoryLink(this.#link, this.#random);
      links.set(to, link);
    }
    return link;
  }

  #latencyMs(from: string, to: string): number {
    return (this.#links.get(from)?.get(to)?.settings ?? this.#link).latencyMs;
  }

  /** What is under way on them still arrives. */
  #forgetLinks(peerId: string): void {
    this.#links.delete(peerId);
    for (const links of this.#links.values()) links.delete(peerId);
  }
}
