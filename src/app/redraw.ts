/** Changes come in bursts; the page is redrawn at most this often, and when a shard takes a step. */
const REDRAW_MS = 250;

/** When the page's signals are set anew. */
export class Redraw {
  readonly #draw: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #drawnAtMs = Number.NEGATIVE_INFINITY;

  constructor(draw: () => void) {
    this.#draw = draw;
  }

  now(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#drawnAtMs = performance.now();
    this.#draw();
  }

  /** After a quiet time, or when asked for, as soon as what happens now is over. */
  soon(atOnce = false): void {
    const pauseMs = atOnce ? 0 : Math.max(0, this.#drawnAtMs + REDRAW_MS - performance.now());
    if (atOnce) clearTimeout(this.#timer);
    if (atOnce || this.#timer === undefined) this.#timer = setTimeout(() => this.now(), pauseMs);
  }
}
