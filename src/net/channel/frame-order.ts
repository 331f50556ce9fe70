import { ShoalError } from '../../core/errors.ts';
import { MAX_OPEN_FRAME_BYTES } from './frame-assembler.ts';
import { type FrameLabel, NO_FRAME } from './frame-label.ts';

/** Frames that may be here ahead of one that is not: a long one takes seconds, in which short ones overtake it. */
const MAX_AHEAD = 4096;

/** Gives whole frames out in the order of their lanes, in whatever order they get here. */
export class FrameOrder {
  /** Every frame before this one is here. */
  #first = 0;
  /** Of those from `#first` on, the ones that are here. */
  readonly #here = new Set<number>();
  /** Frames that wait, by the number of the one they wait for. */
  readonly #waiting = new Map<number, { readonly id: number; readonly frame: Uint8Array }>();
  readonly #held = new Set<number>();
  #heldBytes = 0;

  /** Whether the frame is here as a whole: what still comes of it is of no use. */
  has(id: number): boolean {
    return id < this.#first || this.#here.has(id);
  }

  /**
   * A frame is here as a whole.
   * @returns what may be used now, in order
   * @throws ShoalError `bad-frame`, `limit-exceeded`
   */
  complete({ id, previous }: FrameLabel, frame: Uint8Array): Uint8Array[] {
    if (this.has(id)) throw new ShoalError('bad-frame', `Frame ${id} came twice.`);
    this.#note(id);
    if (previous !== NO_FRAME && (!this.has(previous) || this.#held.has(previous))) {
      this.#hold(id, previous, frame);
      return [];
    }
    const ready = [frame];
    for (let last = id; ; ) {
      const next = this.#waiting.get(last);
      if (!next) return ready;
      this.#waiting.delete(last);
      this.#held.delete(next.id);
      this.#heldBytes -= next.frame.byteLength;
      ready.push(next.frame);
      last = next.id;
    }
  }

  #note(id: number): void {
    this.#here.add(id);
    while (this.#here.delete(this.#first)) this.#first++;
    if (this.#here.size > MAX_AHEAD)
      throw new ShoalError('limit-exceeded', `${this.#here.size} frames are here and number ${this.#first} is not.`);
  }

  #hold(id: number, previous: number, frame: Uint8Array): void {
    if (previous >= id || this.#waiting.has(previous))
      throw new ShoalError('bad-frame', `Frame ${id} cannot come next after ${previous}.`);
    this.#waiting.set(previous, { id, frame });
    this.#held.add(id);
    this.#heldBytes += frame.byteLength;
    if (this.#heldBytes > MAX_OPEN_FRAME_BYTES)
      throw new ShoalError('limit-exceeded', `${this.#heldBytes} bytes of frames wait for others before them.`);
  }
}
