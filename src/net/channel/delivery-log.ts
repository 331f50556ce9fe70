import type { Delivery } from '../transport.ts';

/** What is judged by: enough for one loss in a hundred packets to show, and few enough to forget it in seconds. */
const KEPT_DELIVERIES = 64;
/** Frames on their way whose arrival is waited for; a peer that never says so costs no more. */
const MAX_WAITING = 64;
/** What a busy event loop at either end explains. */
const WHIM_MS = 5;
/** So much later, in round trips, comes only what was sent again. */
const LOST_ROUND_TRIPS = 0.5;
/** And later by this: SCTP waits for no timer less, and an event loop is hardly ever busy for so long. */
const TIMER_MS = 80;
/** Nudges have what is lost sent again after a round trip. One shorter than twice this cannot be told from a busy moment. */
const NUDGED_MS = 20;

/** Frames that take a round trip more show that where that is told from a busy moment, */
const LEAST_ROUND_TRIP_MS = 40;
/** late by nearly a whole one, */
const SLOW_ROUND_TRIPS = 0.8;
/** so many of those that are kept: the first frames of a connection are late by one while its window grows. */
const SLOW_DELIVERIES = 4;

interface Sent {
  readonly bytes: number;
  readonly sentAtMs: number;
  /** Nudges followed it. */
  readonly nudged: boolean;
}

/** How long frames take to arrive on one channel. */
export class DeliveryLog {
  /** By frame number, the oldest first. */
  readonly #waiting = new Map<number, Sent>();
  readonly #recent: (Delivery & { readonly lost: boolean; readonly slow: boolean })[] = [];

  /** A slice of the frame goes out; its first one counts. @param nudged - whether nudges are to follow the frame */
  sent(id: number, bytes: number, nudged: boolean): void {
    if (this.#waiting.has(id)) return;
    this.#waiting.set(id, { bytes, sentAtMs: performance.now(), nudged });
    if (this.#waiting.size > MAX_WAITING) this.#waiting.delete(this.#waiting.keys().next().value!);
  }

  /** The peer has the whole frame. @param roundTripMs - of an empty message; 0 where that is not known yet */
  arrived(id: number, roundTripMs: number): void {
    const frame = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (!frame || roundTripMs === 0) return;
    const lateMs = Math.max(0, performance.now() - frame.sentAtMs - roundTripMs - WHIM_MS);
    const leastMs = frame.nudged && roundTripMs > 2 * NUDGED_MS ? NUDGED_MS : TIMER_MS;
    const lost = lateMs > leastMs + LOST_ROUND_TRIPS * roundTripMs;
    const slow = roundTripMs >= LEAST_ROUND_TRIP_MS && lateMs > SLOW_ROUND_TRIPS * roundTripMs;
    this.#recent.push({ bytes: frame.bytes, lateMs, lost, slow });
    if (this.#recent.length > KEPT_DELIVERIES) this.#recent.shift();
  }

  get recent(): readonly Delivery[] {
    return this.#recent;
  }

  /** Whether packets have lately been lost, as far as anybody can tell. */
  get lossy(): boolean {
    return this.#recent.some(({ lost }) => lost);
  }

  /** Whether frames of at most `bytes` often take a round trip more: for want of window, as after a loss. */
  slow(bytes: number): boolean {
    return this.#recent.filter((delivery) => delivery.slow && delivery.bytes <= bytes).length >= SLOW_DELIVERIES;
  }
}
