/** Lets one in at a time, in the order of asking. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Waits for every earlier turn; the caller must call what it gets when its own is over. */
  async take(): Promise<() => void> {
    const earlier = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await earlier;
    return resolve;
  }
}
