/** How long ago this tab last sent or took a frame, over whichever channel: while it works, it must know at once who is gone. */
export class WorkClock {
  #workedAtMs = Number.NEGATIVE_INFINITY;

  worked(): void {
    this.#workedAtMs = performance.now();
  }

  /** Milliseconds; infinite before the first frame. */
  get restedMs(): number {
    return performance.now() - this.#workedAtMs;
  }
}
