import type { Standing } from './standing.ts';

/** What the choice needs to know of a member. */
interface Listed {
  readonly peerId: string;
  readonly ready: readonly number[];
  readonly overdue: boolean;
  readonly standing?: Standing;
}

/** Holders of one shard that a plan chooses from: many more than ever differ in what matters. */
const MAX_HOLDERS = 32;
/** Of a model of many shards fewer each, so that a plan looks at a few hundred members in all. */
const MAX_PLANNED = 512;
const MIN_HOLDERS = 12;
/** Parts of them: by connection, by the server's word and by chance; the rest by what they claim. */
const CONNECTED_PART = 1 / 2;
const VOUCHED_PART = 1 / 4;
const CHANCE_PART = 1 / 8;

/**
 * The candidates that a plan is made over, in their order: all of them while they are few. Of a crowd, for every shard,
 * this tab, the cheapest that are connected, the cheapest for whom the server vouches, some by chance, and some that
 * claim to be the cheapest. Anybody can make up a thousand members that claim everything, but no connections, and no
 * luck. O(members × (shards of each + log members)).
 *
 * @param costMs - of one layer, by candidate
 * @param random - `[0, 1)`
 * @returns ascending indices
 */
export function shortlist(
  shards: readonly { readonly index: number }[],
  candidates: readonly Listed[],
  coordinator: string,
  costMs: Float64Array,
  random: () => number = Math.random,
): number[] {
  const most = Math.min(MAX_HOLDERS, Math.max(MIN_HOLDERS, Math.floor(MAX_PLANNED / shards.length)));
  const all = candidates.map((_, index) => index);
  if (all.length <= most) return all;
  const picks = new Picks(shards, candidates);
  const cheapest = all.toSorted((a, b) => costMs[a]! - costMs[b]!);
  const withStanding = (standing: Standing) =>
    cheapest.filter((index) => candidates[index]!.standing === standing && !candidates[index]!.overdue);
  picks.take(
    [candidates.findIndex(({ peerId }) => peerId === coordinator)].filter((index) => index >= 0),
    most,
  );
  picks.take(withStanding('connected'), most * CONNECTED_PART);
  picks.take(withStanding('vouched'), most * (CONNECTED_PART + VOUCHED_PART));
  picks.take(shuffled(all, random), most * (CONNECTED_PART + VOUCHED_PART + CHANCE_PART));
  picks.take(cheapest, most);
  return all.filter((index) => picks.has(index));
}

function shuffled(items: readonly number[], random: () => number): number[] {
  const mixed = [...items];
  for (let end = mixed.length - 1; end > 0; end--) {
    const other = Math.floor(random() * (end + 1));
    [mixed[end], mixed[other]] = [mixed[other]!, mixed[end]!];
  }
  return mixed;
}

/** Candidates chosen so far, and how many of them hold each shard. */
class Picks {
  readonly #candidates: readonly Listed[];
  /** By shard index: its place in the plan. */
  readonly #places: Int32Array;
  readonly #holders: Uint32Array;
  readonly #chosen: Uint8Array;

  constructor(shards: readonly { readonly index: number }[], candidates: readonly Listed[]) {
    this.#candidates = candidates;
    this.#places = new Int32Array(Math.max(...shards.map(({ index }) => index)) + 1).fill(-1);
    for (const [place, { index }] of shards.entries()) this.#places[index] = place;
    this.#holders = new Uint32Array(shards.length);
    this.#chosen = new Uint8Array(candidates.length);
  }

  has(candidate: number): boolean {
    return this.#chosen[candidate] === 1;
  }

  /** Chooses, in this order, whoever holds a shard of which fewer than `most` holders are chosen. */
  take(order: readonly number[], most: number): void {
    let lacking = this.#holders.reduce((count, holders) => count + (holders < most ? 1 : 0), 0);
    for (const candidate of order) {
      if (lacking === 0) return;
      if (this.#chosen[candidate] === 1) continue;
      const { ready } = this.#candidates[candidate]!;
      if (!ready.some((shard) => this.#count(shard) < most)) continue;
      this.#chosen[candidate] = 1;
      for (const shard of ready) {
        const place = this.#places[shard] ?? -1;
        if (place >= 0 && ++this.#holders[place]! >= most && this.#holders[place]! - 1 < most) lacking--;
      }
    }
  }

  #count(shard: number): number {
    const place = this.#places[shard] ?? -1;
    return place < 0 ? Number.POSITIVE_INFINITY : this.#holders[place]!;
  }
}
