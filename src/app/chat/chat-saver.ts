import { log } from '../../core/log.ts';

/** A crash costs so much of an answer at most, which is made again; oftener would only wear the disk. */
const SAVE_EVERY_MS = 400;

/** Saves at most every `SAVE_EVERY_MS`, the newest state always. */
export class ChatSaver {
  readonly #save: () => Promise<void>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #savedAtMs = Number.NEGATIVE_INFINITY;
  #paused = false;
  #failed = false;

  constructor(save: () => Promise<void>) {
    this.#save = save;
  }

  soon(): void {
    this.#timer ??= setTimeout(() => void this.now(), this.#savedAtMs + SAVE_EVERY_MS - performance.now());
  }

  /** Never rejects: what cannot be kept is told in the log. */
  async now(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#paused) return;
    this.#savedAtMs = performance.now();
    try {
      await this.#save();
    } catch (error) {
      // Said once: a browser that keeps nothing will not keep the next state either.
      if (!this.#failed) log.warn('CHAT', `The conversation cannot be kept for a reload: ${String(error)}`);
      this.#failed = true;
    }
  }

  /** Saves a last time, and no more until `resume`. */
  pause(): void {
    void this.now();
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }
}
