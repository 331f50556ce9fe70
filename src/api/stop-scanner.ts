import { openEnd } from '../core/open-end.ts';

/**
 * Cuts a text that comes in pieces before the first stop text, wherever the pieces' borders are. Holds back only what
 * may still become a stop text.
 */
export class StopScanner {
  readonly #stops: readonly string[];
  #held = '';
  #stoppedBy: string | undefined;

  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /** A stop text was found: nothing more will come. */
  get stopped(): boolean {
    return this.#stoppedBy !== undefined;
  }

  /** The stop text that was found. */
  get stoppedBy(): string | undefined {
    return this.#stoppedBy;
  }

  /** What is certain to be before any stop text. */
  push(piece: string): string {
    if (this.stopped) return '';
    const text = this.#held + piece;
    let end = text.length;
    for (const stop of this.#stops) {
      const place = text.indexOf(stop);
      if (place < 0 || place >= end) continue;
      end = place;
      this.#stoppedBy = stop;
    }
    if (!this.stopped) end -= openEnd(text, this.#stops);
    this.#held = this.stopped ? '' : text.slice(end);
    return text.slice(0, end);
  }

  /** What was held back, when the text ends without a stop text. */
  flush(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }
}
