import type { Pace } from '../../store/shard-store.ts';

/** What spreading takes of a network at most: a film's worth, and a shard of 500 MB in a minute. */
const BYTES_PER_SECOND = 8 * 1024 * 1024;
/** Saved up while others went before, at most. */
const BURST_BYTES = 2 * BYTES_PER_SECOND;
/** How often it is looked whether it is quiet. */
const CHECK_MS = 250;

/** The pace of what helps others and hurries nobody: only while it is quiet, and bounded in rate. */
export class SpreadPace implements Pace {
  readonly #quiet: () => boolean;
  #budgetBytes = BURST_BYTES;
  #countedAtMs = performance.now();

  /** @param quiet - whether nobody answers, loads or waits, here or elsewhere */
  constructor(quiet: () => boolean) {
    this.#quiet = quiet;
  }

  async next(bytes: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const waitMs = this.#quiet() ? this.#waitMs() : CHECK_MS;
      if (waitMs <= 0) break;
      await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, CHECK_MS)));
    }
    this.#budgetBytes -= bytes;
  }

  /** Until something may be fetched again: what is spent beyond the budget is waited for afterwards. */
  #waitMs(): number {
    const now = performance.now();
    const grownBytes = ((now - this.#countedAtMs) / 1000) * BYTES_PER_SECOND;
    this.#budgetBytes = Math.min(BURST_BYTES, this.#budgetBytes + grownBytes);
    this.#countedAtMs = now;
    return (1000 * -this.#budgetBytes) / BYTES_PER_SECOND;
  }
}
