import { abortable } from '../core/abortable.ts';
import type { Pace } from './shard-store.ts';

/** A pace until somebody waits for the shard: then nothing is waited for any more, not even where it has begun. */
export class HurriedPace {
  #pace: Pace | undefined;
  #hurried = new AbortController();

  /** Undefined where somebody waits. */
  get current(): Pace | undefined {
    return this.#pace;
  }

  /** For what is fetched and checked from now on. */
  begin(pace: Pace | undefined): void {
    this.#pace = pace;
    this.#hurried = new AbortController();
  }

  hurry(): void {
    this.#pace = undefined;
    this.#hurried.abort();
  }

  /**
   * Waits until what goes before has gone. @returns whether there is a pace still
   * @throws ShoalError as the pace; the signal's reason
   */
  async next(bytes: number, signal: AbortSignal): Promise<boolean> {
    const hurried = this.#hurried.signal;
    try {
      const either = AbortSignal.any([signal, hurried]);
      if (this.#pace) await abortable(this.#pace.next(bytes, either), either);
    } catch (error) {
      signal.throwIfAborted();
      if (!hurried.aborted) throw error;
    }
    return this.#pace !== undefined;
  }
}
