/** How one direction between two members of a `MemoryNetwork` carries. */
export interface LinkSettings {
  /** One way, ms. */
  readonly latencyMs: number;
  /** Up to so much is added, ms; order is kept, as on a data channel. */
  readonly jitterMs: number;
  /** Part of the messages that are lost at first, 0 to 1: each is sent again, and so is late, as all behind it are. */
  readonly lossRate: number;
}

/** Delivers in the next task. */
export const PERFECT_LINK: LinkSettings = { latencyMs: 0, jitterMs: 0, lossRate: 0 };

/** A lost message is sent again after a round trip, and no sooner than SCTP in Chromium does. */
const RESEND_MS = 200;

/** One direction between two members: carries messages in order. */
export class MemoryLink {
  settings: LinkSettings;
  readonly #random: () => number;
  /** In order: what is behind a late message waits for it. */
  readonly #waiting: { readonly atMs: number; readonly deliver: () => void }[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #cut = false;

  constructor(settings: LinkSettings, random: () => number) {
    this.settings = settings;
    this.#random = random;
  }

  get cut(): boolean {
    return this.#cut;
  }

  /** A cut link holds what it carries until it is whole again. */
  set cut(cut: boolean) {
    this.#cut = cut;
    this.#schedule();
  }

  carry(deliver: () => void): void {
    this.#waiting.push({ atMs: performance.now() + this.#delayMs(), deliver });
    // Behind another, it needs no timer of its own.
    if (this.#waiting.length === 1) this.#schedule();
  }

  /** Drops what is under way. */
  clear(): void {
    this.#waiting.length = 0;
    this.#schedule();
  }

  #delayMs(): number {
    const { latencyMs, jitterMs, lossRate } = this.settings;
    let delayMs = latencyMs;
    if (jitterMs > 0) delayMs += jitterMs * this.#random();
    while (lossRate > 0 && this.#random() < lossRate) delayMs += Math.max(RESEND_MS, 2 * latencyMs);
    return delayMs;
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const next = this.#waiting[0];
    if (this.#cut || !next) return;
    this.#timer = setTimeout(() => this.#deliver(), Math.max(0, next.atMs - performance.now()));
  }

  #deliver(): void {
    // Timers may fire a fraction of a millisecond early.
    const now = performance.now() + 1;
    try {
      while (!this.#cut && this.#waiting[0] && this.#waiting[0].atMs <= now) this.#waiting.shift()!.deliver();
    } finally {
      this.#schedule();
    }
  }
}
