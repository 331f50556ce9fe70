import type { Multiaddr } from '@multiformats/multiaddr';
import { Emitter, type Unsubscribe } from '../../core/events.ts';
import { MAX_PEER_SERVERS } from '../../protocol/server-config.ts';
import { parseRelay, relayIdOf } from './introduction.ts';

/** Reads anew which other servers share the swarm: multiaddrs of their relays. */
export type ReadRelays = (signal: AbortSignal) => Promise<readonly string[]>;

/** The list is read at most this often, whatever is heard. */
const READ_INTERVAL_MS = 60_000;
/** All tabs of a server hear the same; chance deals their requests out over so long. */
const MAX_SLACK_MS = 5000;
/** Servers that were listed once stay, as one that is away may come back: as many again as there can be. */
const MAX_RELAYS = 2 * MAX_PEER_SERVERS;
/** Names that peers made up, if they are not the list's: no more lead to a look at it. */
const MAX_UNLISTED = 64;

/** The relays of the servers that share a swarm. A server may join while this tab is open: the list is read again then. */
export class RelayList {
  /** Peer id of the page's own. */
  readonly own: string;
  readonly #read: ReadRelays | undefined;
  readonly #isUsed: (id: string) => boolean;
  readonly #events = new Emitter<{ change: undefined }>();
  readonly #stop = new AbortController();
  /** By peer id, the longest known first. */
  #relays: ReadonlyMap<string, Multiaddr>;
  /** Servers that peers have named and the list has not. */
  readonly #unlisted = new Set<string>();
  #readAtMs = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param others - as they were listed when the tab was opened
   * @param isUsed - whether this tab is at the relay now, which keeps it
   */
  constructor(
    own: Multiaddr,
    others: readonly Multiaddr[],
    read: ReadRelays | undefined,
    isUsed: (id: string) => boolean,
  ) {
    this.own = relayIdOf(own);
    this.#read = read;
    this.#isUsed = isUsed;
    this.#relays = byId([...others, own]);
  }

  get size(): number {
    return this.#relays.size;
  }

  get ids(): readonly string[] {
    return [...this.#relays.keys()];
  }

  get(id: string): Multiaddr | undefined {
    return this.#relays.get(id);
  }

  onChange(listener: () => void): Unsubscribe {
    return this.#events.on('change', listener);
  }

  /** A peer says that these servers introduce it. */
  hear(ids: readonly string[]): void {
    const news = ids.filter((id) => !this.#relays.has(id) && !this.#unlisted.has(id));
    if (news.length === 0 || this.#unlisted.size + news.length > MAX_UNLISTED) return;
    for (const id of news) this.#unlisted.add(id);
    this.refresh();
  }

  /** Reads the list again, soon. */
  refresh(): void {
    if (!this.#read || this.#timer !== undefined || this.#stop.signal.aborted) return;
    const restMs = Math.max(0, this.#readAtMs + READ_INTERVAL_MS - Date.now());
    this.#timer = setTimeout(() => void this.#readAgain(this.#read!), restMs + Math.random() * MAX_SLACK_MS);
  }

  close(): void {
    this.#stop.abort();
    clearTimeout(this.#timer);
  }

  async #readAgain(read: ReadRelays): Promise<void> {
    this.#timer = undefined;
    this.#readAtMs = Date.now();
    try {
      const listed = (await read(this.#stop.signal)).map(parseRelay);
      if (!this.#stop.signal.aborted) this.#take(listed);
    } catch {
      // The server is away: what it said last holds.
    }
  }

  #take(listed: readonly Multiaddr[]): void {
    const before = this.#relays;
    const known = new Map(before);
    for (const [id, relay] of byId(listed)) if (id !== this.own) known.set(id, relay);
    const stays = new Set([this.own, ...listed.map(relayIdOf)]);
    for (const id of before.keys())
      if (known.size > MAX_RELAYS && !stays.has(id) && !this.#isUsed(id)) known.delete(id);
    this.#relays = known;
    const same = [...known].every(([id, relay]) => before.get(id)?.equals(relay));
    if (same && known.size === before.size) return;
    this.#unlisted.clear();
    this.#events.emit('change', undefined);
  }
}

function byId(relays: readonly Multiaddr[]): Map<string, Multiaddr> {
  return new Map(relays.map((relay) => [relayIdOf(relay), relay]));
}
