import * as v from 'valibot';
import { claimedKeys, claimKey } from './tab-claim.ts';

const KIND = 'place';
const PREFIX = 'shoal-place/';
/** How often a tab looks which others have gone. One that is gone at two looks was closed, not reloaded. */
const LOOK_MS = 15_000;

const placeSchema = v.object({
  manifestId: v.string(),
  shards: v.array(v.number()),
  auto: v.boolean(),
});

type Place = v.InferOutput<typeof placeSchema>;

/**
 * The shards that this tab serves, so that it takes its place again by itself when it is reloaded or restored. A place
 * belongs to one tab; those of a browser that was closed are taken by the tabs that are opened next, one each. The place
 * of a tab that was closed beside others is given up.
 */
export class SavedPlace {
  readonly #manifestId: string;
  readonly #key: string;
  /** What the key had when it was claimed. */
  readonly shards: readonly number[];
  /** Whether the choice of shards was left to the node. */
  readonly auto: boolean;
  #others: ReadonlySet<string> = new Set();
  #gone: ReadonlySet<string> = new Set();

  private constructor(manifestId: string, key: string) {
    this.#manifestId = manifestId;
    this.#key = key;
    // A restored tab has it in the session, also where others have given its place up meanwhile.
    const place = [sessionStorage, localStorage].map((storage) => parse(storage.getItem(PREFIX + key))).find(Boolean);
    this.shards = place?.manifestId === manifestId ? place.shards : [];
    this.auto = place?.auto ?? false;
    setInterval(() => void this.#giveUpClosed(), LOOK_MS);
  }

  /** This tab's place in the swarm of a model: empty for a new tab. */
  static async claim(manifestId: string): Promise<SavedPlace> {
    const key = await claimKey({ kind: KIND, manifestId, orphans: () => placesOf(manifestId) });
    return new SavedPlace(manifestId, key);
  }

  write(shards: readonly number[], auto: boolean): void {
    const place: Place = { manifestId: this.#manifestId, shards: [...shards], auto };
    for (const storage of [sessionStorage, localStorage]) storage.setItem(PREFIX + this.#key, JSON.stringify(place));
  }

  clear(): void {
    for (const storage of [sessionStorage, localStorage]) storage.removeItem(PREFIX + this.#key);
  }

  async #giveUpClosed(): Promise<void> {
    const held = await claimedKeys(KIND);
    const gone = new Set([...this.#others].filter((key) => !held.has(key)));
    for (const key of gone) if (this.#gone.has(key)) localStorage.removeItem(PREFIX + key);
    this.#others = new Set([...held, ...[...gone].filter((key) => !this.#gone.has(key))]);
    this.#gone = gone;
  }
}

/** Keys of the places in a model's swarm. */
function placesOf(manifestId: string): string[] {
  return Object.keys(localStorage)
    .filter((item) => item.startsWith(PREFIX) && parse(localStorage.getItem(item))?.manifestId === manifestId)
    .map((item) => item.slice(PREFIX.length));
}

function parse(text: string | null): Place | undefined {
  try {
    const { success, output } = v.safeParse(placeSchema, JSON.parse(text ?? 'null'));
    return success ? output : undefined;
  } catch {
    return undefined;
  }
}
