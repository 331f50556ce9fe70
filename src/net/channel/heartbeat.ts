import type { Link } from './link-watch.ts';

/** Silence is judged, and while this tab works a beat is sent, at this interval; a hidden page's timers fire once a second. */
const INTERVAL_MS = 500;
/**
 * Where nobody waits for an answer, beats are this far apart: they would be a large part of what a tab sends that only
 * stays open. That somebody has gone is known three seconds later for it.
 */
const RESTING_INTERVAL_MS = 2000;
/** A tab rests so long after its last frame. */
const RESTING_AFTER_MS = 10_000;
/**
 * Silence that means that the peer is gone: on a quiet link about 1.75 s. A link or a machine that is slow at times has
 * shown it by longer gaps, and is given more: the longest gap of late counts twice.
 */
const LEAST_SILENCE_MS = 750;
const GAPS = 2;
/** Nothing is known at first; after that a gap counts less from beat to beat, by half in about ten seconds. */
const FIRST_GAP_MS = 1000;
const GAP_DECAY = 0.966;
/** On a slow link what is lost takes longer to be sent again: so many round trips are added, up to a limit. */
const SILENCE_ROUND_TRIPS = 8;
const MAX_SILENCE_MS = 10_000;
/** A browser whose page is late acknowledges each beat within a round trip and a fifth of a second. */
const LINK_SILENCE_MS = 1200;
/** A page that says nothing for so long is gone for all that others can wait for. */
const MAX_LATE_MS = 120_000;
/** When our own timer is late by this much, we were asleep, and the peer's silence says nothing yet. */
const OVERSLEPT_MS = 1000;
/** Round trips whose median is reported. */
const KEPT_ROUND_TRIPS = 8;

export interface HeartbeatOptions {
  /** Sends a beat that carries `sentAtMs`; the peer echoes the number. */
  readonly beat: (sentAtMs: number) => void;
  /** The peer has been silent for too long, and its browser too where there is a link to look at. */
  readonly onSilence: () => void;
  /** The peer has been silent for too long, but its browser is there; or it speaks again. */
  readonly onLate?: (late: boolean) => void;
  /** What is below; without it silence is all that is known. */
  readonly link?: Link | undefined;
  /** When the peer was last heard by another way, `performance.now()`: what is lost holds up one stream, not the others. */
  readonly heardElsewhereAtMs?: () => number;
  /** How long this tab has not worked, ms: a resting one beats less often, and allows others to. Never without it. */
  readonly restedMs?: () => number;
}

/** Watches one peer: measures the round trip, and tells its silence from our own sleep. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #roundTripsMs: number[] = [];
  #heardAtMs = performance.now();
  #longestGapMs = FIRST_GAP_MS;
  #tickedAtMs = performance.now();
  #beatAtMs = performance.now();
  /** By how much the beats are further apart than of a tab that works, ms. */
  #restMs = 0;
  #late = false;

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

  /** Whether the peer says nothing at the moment, though its browser is there. */
  get late(): boolean {
    return this.#late;
  }

  /** Any byte shows that the peer is there. */
  heard(): void {
    const now = performance.now();
    const gapMs = now - this.#heardAtMs - this.#restMs;
    // Our own sleep looks like a gap as well.
    this.#longestGapMs = Math.max(this.#longestGapMs, Math.min(gapMs, MAX_SILENCE_MS / GAPS));
    this.#heardAtMs = now;
    this.#setLate(false);
  }

  /** How long the peer may say nothing, ms. */
  get #patienceMs(): number {
    const gapMs = this.#longestGapMs + this.#restMs;
    const patienceMs = LEAST_SILENCE_MS + GAPS * gapMs + SILENCE_ROUND_TRIPS * this.roundTripMs;
    return Math.min(patienceMs, MAX_SILENCE_MS);
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
    const wasResting = this.#restMs > 0;
    this.#restMs = (this.#options.restedMs?.() ?? 0) > RESTING_AFTER_MS ? RESTING_INTERVAL_MS - INTERVAL_MS : 0;
    // What was said at a resting tab's pace is no silence: from now on the peer is asked at the other.
    if (overslept || (wasResting && this.#restMs === 0)) this.#heardAtMs = now;
    this.#longestGapMs = Math.max(INTERVAL_MS, this.#longestGapMs * GAP_DECAY);
    const heardAtMs = Math.max(this.#heardAtMs, this.#options.heardElsewhereAtMs?.() ?? 0);
    const silentMs = now - heardAtMs;
    const { link } = this.#options;
    if (silentMs > INTERVAL_MS + this.#restMs) link?.look();
    if (silentMs > this.#patienceMs) {
      if (silentMs > MAX_LATE_MS || !this.#linkDelivers(now)) {
        this.#options.onSilence();
        return;
      }
      this.#setLate(true);
    } else this.#setLate(false);
    // Ticks are a little early at times.
    if (now - this.#beatAtMs < this.#restMs + INTERVAL_MS / 2) return;
    this.#beatAtMs = now;
    this.#options.beat(now);
  }

  #linkDelivers(now: number): boolean {
    const deliveredAtMs = this.#options.link?.deliveredAtMs ?? Number.NEGATIVE_INFINITY;
    return now - deliveredAtMs <= LINK_SILENCE_MS + 2 * this.roundTripMs;
  }

  #setLate(late: boolean): void {
    if (late === this.#late) return;
    this.#late = late;
    this.#options.onLate?.(late);
  }
}
