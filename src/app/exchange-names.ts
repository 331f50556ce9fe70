/** What a member says that it is known by when shards are exchanged. */
interface Exchanging {
  readonly peerId: string;
  readonly exchangeId: string;
}

/** Tabs remembered, those that have gone among them: more than bytes are counted of. */
const MAX_REMEMBERED = 500;

/** Which tab stands behind a connection by which shards are exchanged. Names only: nothing is decided by them. */
export class ExchangeNames {
  readonly #owners = new Map<string, string>();
  #claimedTwice: ReadonlySet<string> = new Set();

  /** Takes what the members say now. */
  hear(members: readonly Exchanging[]): void {
    const twice = new Set<string>();
    const seen = new Set<string>();
    for (const { peerId, exchangeId } of members) {
      if (exchangeId === '') continue;
      if (seen.has(exchangeId)) twice.add(exchangeId);
      seen.add(exchangeId);
      this.#owners.delete(exchangeId);
      this.#owners.set(exchangeId, peerId);
    }
    this.#claimedTwice = twice;
    for (const oldest of this.#owners.keys()) {
      if (this.#owners.size <= MAX_REMEMBERED) break;
      this.#owners.delete(oldest);
    }
  }

  /** The tab's peer id; undefined where nobody has said that it is his, or two have. */
  ownerOf(exchangeId: string): string | undefined {
    return this.#claimedTwice.has(exchangeId) ? undefined : this.#owners.get(exchangeId);
  }
}
