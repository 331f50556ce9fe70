import { FETCH_RANKS, type FetchWish } from './shard-store.ts';

/** One that has brought nothing for so long holds no other up: it may have no source. */
const STALLED_MS = 10_000;

/** A shard that this tab is fetching. */
export interface Fetch extends FetchWish {
  readonly infoHash: string;
  /** Everything goes before it: nobody waits for it. */
  readonly paced: boolean;
  readonly storedBytes: number;
}

/** After the ranks of all wishes. */
const PACED_RANK = 3;

/** Which of the shards that are fetched at the same time wait for others. */
export class FetchOrder {
  /** When each that was let through brought something last. */
  readonly #progress = new Map<string, { readonly storedBytes: number; readonly atMs: number }>();

  /** @returns info hashes of those that are paused, or have one before them that comes */
  waiting(fetches: readonly Fetch[], nowMs: number): ReadonlySet<string> {
    const going = fetches.filter(({ paused }) => !paused);
    for (const fetch of going) this.#note(fetch, nowMs);
    const coming = going.filter(({ infoHash }) => nowMs - this.#progress.get(infoHash)!.atMs < STALLED_MS);
    const best = Math.min(...coming.map(rankOf));
    const waiting = new Set(
      fetches.filter((fetch) => fetch.paused || rankOf(fetch) > best).map(({ infoHash }) => infoHash),
    );
    // Whoever waits has its time when it is let through.
    const counted = new Set(going.map(({ infoHash }) => infoHash).filter((infoHash) => !waiting.has(infoHash)));
    for (const infoHash of this.#progress.keys()) if (!counted.has(infoHash)) this.#progress.delete(infoHash);
    return waiting;
  }

  #note({ infoHash, storedBytes }: Fetch, nowMs: number): void {
    if (this.#progress.get(infoHash)?.storedBytes !== storedBytes) {
      this.#progress.set(infoHash, { storedBytes, atMs: nowMs });
    }
  }
}

function rankOf({ paced, priority }: Fetch): number {
  return paced ? PACED_RANK : FETCH_RANKS[priority];
}
