import { TokenBucket } from '../../core/token-bucket.ts';

/**
 * Names that one forwarder brings at once, and then a second. A tab has a dozen neighbours in the gossip, so that even
 * without the server 256 tabs know each other at once, and a swarm that hangs together by one tab within half a minute.
 */
const NAMES_BURST = 64;
const NAMES_PER_SECOND = 8;
/** Messages that one forwarder passes on: a whole swarm's, with every member's changes. */
const MESSAGES_BURST = 512;
const MESSAGES_PER_SECOND = 128;
/** All that is kept: more than a server carries, so that a swarm goes on knowing itself when its server goes. */
export const MAX_HEARSAY = 1024;

interface Forwarder {
  readonly names: TokenBucket;
  readonly messages: TokenBucket;
  /** The names that it has brought and that are kept, oldest first. */
  readonly kept: Set<string>;
}

/**
 * The names of which only other tabs have told. A tab can make up any number of them, each with a key that signs: so
 * each forwarder is bounded, and of the room there is the forwarders get equal parts.
 */
export class Hearsay {
  readonly #forwarders = new Map<string, Forwarder>();
  /** Name to forwarder. */
  readonly #names = new Map<string, string>();

  get size(): number {
    return this.#names.size;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Whether the forwarder's message is worth being read. */
  passes(forwarder: string, nowMs: number): boolean {
    return this.#of(forwarder, nowMs).messages.take(nowMs);
  }

  /** Whether the forwarder may bring another name. */
  admits(forwarder: string, nowMs: number): boolean {
    return this.#of(forwarder, nowMs).names.take(nowMs);
  }

  /**
   * Keeps a name.
   * @returns the one that has to go for it, perhaps the name itself; undefined while there is room
   */
  add(name: string, forwarder: string, nowMs: number): string | undefined {
    const own = this.#of(forwarder, nowMs).kept;
    let evicted: string | undefined;
    if (this.#names.size >= MAX_HEARSAY) {
      if (this.#largest.size <= own.size + 1) return name;
      evicted = this.evict();
    }
    own.add(name);
    this.#names.set(name, forwarder);
    return evicted;
  }

  /** Takes out one name of the forwarder that has brought most, for somebody better known. */
  evict(): string | undefined {
    const [oldest] = this.#largest;
    if (oldest !== undefined) this.delete(oldest);
    return oldest;
  }

  /** The name is gone, or is hearsay no longer. */
  delete(name: string): void {
    const forwarder = this.#names.get(name);
    this.#names.delete(name);
    if (forwarder !== undefined) this.#forwarders.get(forwarder)?.kept.delete(name);
  }

  /** Forgets forwarders that would be the same if they came anew. */
  sweep(nowMs: number): void {
    for (const [peerId, { kept, names, messages }] of this.#forwarders)
      if (kept.size === 0 && names.isFull(nowMs) && messages.isFull(nowMs)) this.#forwarders.delete(peerId);
  }

  /** The names of the forwarder that has brought most. */
  get #largest(): ReadonlySet<string> {
    let largest = new Set<string>();
    for (const { kept } of this.#forwarders.values()) if (kept.size > largest.size) largest = kept;
    return largest;
  }

  #of(peerId: string, nowMs: number): Forwarder {
    let forwarder = this.#forwarders.get(peerId);
    if (!forwarder) {
      forwarder = {
        names: new TokenBucket(NAMES_BURST, NAMES_PER_SECOND, nowMs),
        messages: new TokenBucket(MESSAGES_BURST, MESSAGES_PER_SECOND, nowMs),
        kept: new Set(),
      };
      this.#forwarders.set(peerId, forwarder);
    }
    return forwarder;
  }
}
