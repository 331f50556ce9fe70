import { abortable } from './abortable.ts';

/** Lets one in at a time, in the order of asking. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /**
   * Waits for every earlier turn; the caller must call what it gets when its own is over.
   * @throws ShoalError `aborted` when the signal fires while it waits
   */
  async take(signal?: AbortSignal): Promise<() => void> {
    const earlier = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    try {
      await abortable(earlier, signal);
    } catch (error) {
      void earlier.then(resolve);
      throw error;
    }
    return resolve;
  }
}
