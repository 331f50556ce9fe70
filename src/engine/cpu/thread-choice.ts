/** Whether one thread computes, or all of them. */
export type ThreadUse = 'alone' | 'together';

/** One running mean over about this many tasks. */
const SMOOTHING = 0.2;
/** Each way is tried this often before one is preferred. */
const FIRST_TRIES = 4;
/** Then the other way is tried once in so many tasks: what the machine has to do besides changes. */
const RETRY_EVERY = 64;

/**
 * Learns which way is faster for tasks of one position. Threads meet some three hundred times for a token; where the
 * processors have other work, each meeting waits for the slowest, and one thread alone is sooner done. The result is the
 * same bit for bit.
 */
export class ThreadChoice {
  readonly #meanMs: Record<ThreadUse, number> = { alone: 0, together: 0 };
  readonly #tries: Record<ThreadUse, number> = { alone: 0, together: 0 };

  /** How the next task is to be computed. */
  next(): ThreadUse {
    const { alone, together } = this.#tries;
    if (together < FIRST_TRIES) return 'together';
    if (alone < FIRST_TRIES) return 'alone';
    const faster = this.#meanMs.alone < this.#meanMs.together ? 'alone' : 'together';
    const other = faster === 'alone' ? 'together' : 'alone';
    return (alone + together) % RETRY_EVERY === 0 ? other : faster;
  }

  /** What a task took that way, ms a layer. */
  learn(use: ThreadUse, ms: number): void {
    const share = Math.max(SMOOTHING, 1 / ++this.#tries[use]);
    this.#meanMs[use] += share * (ms - this.#meanMs[use]);
  }
}
