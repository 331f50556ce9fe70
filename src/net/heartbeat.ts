/** A beat is sent, and the silence judged, at this interval; a hidden page's timers still keep it. */
const INTERVAL_MS = 1000;
/** Silence for so long means that the peer is gone: beats arrive every second, and 600 ms of delay and loss are noise. */
const SILENCE_MS = 4000;
/** On a slow link what is lost takes longer to be sent again: so many round trips are added, up to a limit. */
const SILENCE_ROUND_TRIPS = 4;
const MAX_SILENCE_MS = 10_000;
/** When our own timer is late by this much, we were asleep, and the peer's silence says nothing yet. */
const OVERSLEPT_MS = 1000;
/** Round trips whose median is reported. */
const KEPT_ROUND_TRIPS = 8;

export interface HeartbeatOptions {
  /** Sends a beat that carries `sentAtMs`; the peer echoes the number. */
  readonly beat: (sentAtMs: number) => void;
  /** The peer has been silent for too long. */
  readonly onSilence: () => void;
}

/** Watches one peer: measures the round trip, and tells its silence from our own sleep. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #roundTripsMs: number[] = [];
  #heardAtMs = performance.now();
  #tickedAtMs = performance.now();

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#tick(), INTERVAL_MS);
    queueMicrotask(() => options.beat(performance.now()));
  }

  /** Median of the newest, ms; 0 until the first. */
  get roundTripMs(): number {
    const sorted = [...this.#roundTripsMs].sort((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? 0;
  }

  /** Any byte shows that the peer is there. */
  heard(): void {
    this.#heardAtMs = performance.now();
  }

  /** The peer echoed a beat. The number is the peer's word: one that cannot be true is ignored. */
  echoed(sentAtMs: number): void {
    const roundTripMs = performance.now() - sentAtMs;
    if (!(roundTripMs >= 0 && roundTripMs < 60_000)) return;
    this.#roundTripsMs.push(roundTripMs);
    if (this.#roundTripsMs.length > KEPT_ROUND_TRIPS) this.#roundTripsMs.shift();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = performance.now();
    const overslept = now - this.#tickedAtMs > INTERVAL_MS + OVERSLEPT_MS;
    this.#tickedAtMs = now;
    if (overslept) this.#heardAtMs = now;
    const allowedMs = Math.min(SILENCE_MS + SILENCE_ROUND_TRIPS * this.roundTripMs, MAX_SILENCE_MS);
    if (now - this.#heardAtMs > allowedMs) this.#options.onSilence();
    else this.#options.beat(now);
  }
}
