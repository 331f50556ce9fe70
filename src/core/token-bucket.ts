/** A rate with a burst: so many at once, then so many a second. */
export class TokenBucket {
  readonly #burst: number;
  readonly #perSecond: number;
  #tokens: number;
  #countedAtMs: number;

  /** @param nowMs - `performance.now()`, as in every call */
  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#tokens = burst;
    this.#countedAtMs = nowMs;
  }

  /** Takes one, if there is one. */
  take(nowMs: number): boolean {
    const grown = (Math.max(0, nowMs - this.#countedAtMs) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + grown);
    this.#countedAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Whether it has all its tokens again: one forgotten then and made anew is the same. */
  isFull(nowMs: number): boolean {
    return this.#tokens + ((nowMs - this.#countedAtMs) / 1000) * this.#perSecond >= this.#burst;
  }
}
