import { FOREIGN_MEMBER_SILENCE_MS, MAX_FOREIGN_MEMBERS, WANTED_FOREIGN_HOLDERS } from '../limits.ts';

interface ForeignMember {
  /** Shards that it serves; none of a sealed presence. */
  ready: readonly number[];
  heardAtMs: number;
}

/** What is repeated of another server's tab. */
export interface ForeignPresence {
  readonly author: string;
  readonly ready: readonly number[];
  readonly leaving: boolean;
}

/**
 * The tabs of other servers of whom this server tells its own. Of a few all; of more a fixed number, always the same as
 * long as they speak, so that nobody seems to come and go, and among them holders of every shard.
 */
export class ForeignMembers {
  /** By name, in the order in which they came. */
  readonly #members = new Map<string, ForeignMember>();
  /** Of each shard, how many of them serve it. */
  readonly #holders = new Map<number, number>();

  get size(): number {
    return this.#members.size;
  }

  /** @returns whether the presence is repeated */
  admits({ author, ready, leaving }: ForeignPresence, nowMs: number): boolean {
    const known = this.#members.get(author);
    if (leaving) {
      if (known) this.#delete(author, known);
      return known !== undefined;
    }
    if (known) {
      this.#count(known.ready, -1);
      known.ready = ready;
      known.heardAtMs = nowMs;
    } else if (this.#hasRoom(ready, nowMs)) {
      this.#members.set(author, { ready, heardAtMs: nowMs });
    } else {
      return false;
    }
    this.#count(ready, 1);
    return true;
  }

  #hasRoom(ready: readonly number[], nowMs: number): boolean {
    if (this.#members.size < MAX_FOREIGN_MEMBERS) return true;
    for (const [name, member] of this.#members)
      if (nowMs - member.heardAtMs > FOREIGN_MEMBER_SILENCE_MS) this.#delete(name, member);
    if (this.#members.size < MAX_FOREIGN_MEMBERS) return true;
    const holdersOf = (shard: number) => this.#holders.get(shard) ?? 0;
    // Of many shards fewer holders each, so that there is a place for holders of all, one shard more among them.
    const equalPart = Math.floor(MAX_FOREIGN_MEMBERS / (this.#holders.size + 1));
    const wanted = Math.max(1, Math.min(WANTED_FOREIGN_HOLDERS, equalPart));
    if (!ready.some((shard) => holdersOf(shard) < wanted)) return false;
    for (const [name, member] of this.#members) {
      if (member.ready.some((shard) => holdersOf(shard) <= wanted)) continue;
      this.#delete(name, member);
      return true;
    }
    return false;
  }

  #delete(name: string, member: ForeignMember): void {
    this.#members.delete(name);
    this.#count(member.ready, -1);
  }

  #count(shards: readonly number[], change: 1 | -1): void {
    for (const shard of shards) {
      const holders = (this.#holders.get(shard) ?? 0) + change;
      if (holders > 0) this.#holders.set(shard, holders);
      else this.#holders.delete(shard);
    }
  }
}
