/** The rate is the mean over so long: steady, and true again soon after it has changed. */
const WINDOW_MS = 15_000;
/** Nothing is said from less than this. */
const LEAST_MS = 1500;

interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

/** How fast something grows, from what it came to from time to time. */
export class TransferRate {
  #samples: Sample[] = [];

  /** Begins anew. */
  reset(): void {
    this.#samples = [];
  }

  /** @param bytes - in all, by now */
  note(bytes: number, atMs: number): void {
    // What passes before the first byte says nothing of the rate.
    if (this.#samples.length === 1 && this.#samples[0]!.bytes === bytes) this.#samples.pop();
    this.#samples.push({ bytes, atMs });
    // The one before the window stays: the mean goes back to the window's beginning at least.
    while (this.#samples.length > 2 && this.#samples[1]!.atMs <= atMs - WINDOW_MS) this.#samples.shift();
  }

  /** Bytes a second; undefined while it cannot be told. */
  get bytesPerSecond(): number | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (!first || !last || last.atMs - first.atMs < LEAST_MS) return undefined;
    return (1000 * (last.bytes - first.bytes)) / (last.atMs - first.atMs);
  }
}
