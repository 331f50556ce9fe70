import * as v from 'valibot';
import { type FetchWish, NO_WISH } from '../store/shard-store.ts';
import { lastingItems } from './lasting-items.ts';

const STORAGE_KEY = 'shoal-fetching';

const wishesSchema = v.record(
  v.string(),
  v.object({
    paused: v.fallback(v.boolean(), false),
    priority: v.fallback(v.picklist(['first', 'normal', 'last']), 'normal'),
  }),
);
type Wishes = v.InferOutput<typeof wishesSchema>;

/**
 * What the owner wants of the shards' downloads, by info hash. A wish is of the browser: its tabs share what is stored,
 * and a download that was paused is still paused when the page is opened again.
 */
export class FetchWishes {
  #wishes: Wishes = readStored();

  of(infoHash: string): FetchWish {
    return this.#wishes[infoHash] ?? NO_WISH;
  }

  change(infoHash: string, change: Partial<FetchWish>): void {
    const { [infoHash]: _, ...others } = readStored();
    const wish = { ...this.of(infoHash), ...change };
    const isNone = !wish.paused && wish.priority === NO_WISH.priority;
    this.#wishes = isNone ? others : { ...others, [infoHash]: wish };
    lastingItems()?.setItem(STORAGE_KEY, JSON.stringify(this.#wishes));
  }

  /** Tells when another tab of this browser has changed one. */
  follow(listener: () => void): void {
    globalThis.addEventListener('storage', ({ key }: StorageEvent) => {
      if (key !== STORAGE_KEY) return;
      this.#wishes = readStored();
      listener();
    });
  }
}

function readStored(): Wishes {
  try {
    return v.parse(wishesSchema, JSON.parse(lastingItems()?.getItem(STORAGE_KEY) ?? '{}'));
  } catch {
    return {};
  }
}
