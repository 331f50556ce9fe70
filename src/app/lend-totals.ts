import { type Signal, signal } from '@preact/signals';
import * as v from 'valibot';
import { lastingItems } from './lasting-items.ts';

const STORAGE_KEY = 'shoal-lent';

const amount = v.fallback(v.pipe(v.number(), v.finite(), v.minValue(0)), 0);
const totalsSchema = v.object({
  /** Tokens' worth of a whole model that this device has computed for others. */
  computedTokens: amount,
  sentBytes: amount,
  /** The same that others have computed for this device. */
  takenTokens: amount,
  /** From other tabs. */
  receivedBytes: amount,
});
/** What this device has given to others and taken from them, since its site data was last cleared. */
export type LendTotals = v.InferOutput<typeof totalsSchema>;

const NONE: LendTotals = { computedTokens: 0, sentBytes: 0, takenTokens: 0, receivedBytes: 0 };

/** Adds up over all pages and tabs of this browser. */
export class LendLedger {
  readonly totals: Signal<LendTotals> = signal(readStored());
  /** Of this page, as it was counted last. */
  #counted = NONE;

  /** @param page - of this page since it was opened */
  count(page: LendTotals): void {
    const stored = readStored();
    const next = { ...stored };
    for (const key of Object.keys(NONE) as (keyof LendTotals)[]) {
      // What counts anew, as after a device was lost, has given nothing back.
      next[key] += Math.max(0, page[key] - this.#counted[key]);
    }
    this.#counted = page;
    if (JSON.stringify(next) !== JSON.stringify(stored)) lastingItems()?.setItem(STORAGE_KEY, JSON.stringify(next));
    if (JSON.stringify(next) !== JSON.stringify(this.totals.value)) this.totals.value = next;
  }
}

function readStored(): LendTotals {
  try {
    return v.parse(totalsSchema, { ...NONE, ...Object(JSON.parse(lastingItems()?.getItem(STORAGE_KEY) ?? '{}')) });
  } catch {
    return NONE;
  }
}
