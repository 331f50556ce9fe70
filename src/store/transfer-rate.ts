/** The rate is the mean over so long: steady, and true again soon after it has changed. */
const WINDOW_MS = 15_000;
/** Nothing is said from less than this. */
const LEAST_MS = 1500;

interface Arrival {
  readonly atMs: number;
  /** In all, by then. */
  readonly bytes: number;
}

/**
 * How fast something grows, from what it came to from time to time. Bytes come in bursts, several requests at a time, so
 * the mean goes from one arrival to another: from any moment to another it would swing by a burst.
 */
export class TransferRate {
  #arrivals: Arrival[] = [];
  #bytes: number | undefined;
  #nowMs = 0;

  /** Begins anew. */
  reset(): void {
    this.#arrivals = [];
    this.#bytes = undefined;
  }

  /** @param bytes - in all, by now */
  note(bytes: number, atMs: number): void {
    const grown = this.#bytes !== undefined && bytes > this.#bytes;
    this.#bytes = bytes;
    this.#nowMs = atMs;
    if (!grown) return;
    this.#arrivals.push({ bytes, atMs });
    // The one before the window stays: the mean goes back to the window's beginning at least.
    while (this.#arrivals.length > 2 && this.#arrivals[1]!.atMs <= atMs - WINDOW_MS) this.#arrivals.shift();
  }

  /** Bytes a second; undefined while it cannot be told. */
  get bytesPerSecond(): number | undefined {
    const [first, last] = [this.#arrivals[0], this.#arrivals.at(-1)];
    if (!first || !last || last.atMs - first.atMs < LEAST_MS) return undefined;
    const gaps = this.#arrivals.slice(1).map(({ atMs }, index) => atMs - this.#arrivals[index]!.atMs);
    // A silence longer than any between two arrivals is no pause between bursts any more.
    const overdueMs = Math.max(0, this.#nowMs - last.atMs - Math.max(...gaps));
    return (1000 * (last.bytes - first.bytes)) / (last.atMs - first.atMs + overdueMs);
  }
}
