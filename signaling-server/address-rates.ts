import { TokenBucket } from '../src/core/token-bucket.ts';
import { MAX_COUNTED_ADDRESSES } from './limits.ts';

/** A token bucket for each address, or peer id; of too many the oldest are forgotten. */
export class AddressRates {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
  }

  /** @returns whether the event may pass. */
  take(address: string): boolean {
    const nowMs = performance.now();
    let bucket = this.#buckets.get(address);
    if (!bucket) {
      bucket = new TokenBucket(this.#burst, this.#perSecond, nowMs);
      this.#buckets.set(address, bucket);
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined && this.#buckets.size > MAX_COUNTED_ADDRESSES) this.#buckets.delete(oldest);
    }
    return bucket.take(nowMs);
  }
}
