import { ShoalError } from '../../core/errors.ts';
import { MAX_FRAME_BYTES } from '../../protocol/limits.ts';
import type { FrameLabel } from './frame-label.ts';

/** Frames on their way at once, each way: as many sessions take turns; more wait, which is fair and costs no memory. */
export const MAX_OPEN_FRAMES = 16;
/** Their bytes together: beside one of the largest there is room for others. */
export const MAX_OPEN_FRAME_BYTES = 2 * MAX_FRAME_BYTES;

/** Puts frames together again whose slices come in turns. */
export class FrameAssembler {
  readonly #open = new Map<number, { readonly bytes: Uint8Array<ArrayBuffer>; length: number }>();
  #openBytes = 0;

  /**
   * @param part - what comes next of the frame
   * @returns the frame when it is whole, in a buffer of its own
   * @throws ShoalError `limit-exceeded`, `bad-frame`
   */
  push({ id, total }: FrameLabel, part: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
    const frame = this.#open.get(id) ?? this.#begin(id, total);
    if (total !== frame.bytes.length || part.length > total - frame.length) {
      throw new ShoalError(
        'bad-frame',
        `${part.length} bytes came of a frame of ${total}, which lacks ${frame.bytes.length - frame.length} of ${frame.bytes.length}.`,
      );
    }
    frame.bytes.set(part, frame.length);
    frame.length += part.length;
    if (frame.length < total) return undefined;
    this.#open.delete(id);
    this.#openBytes -= total;
    return frame.bytes;
  }

  #begin(id: number, total: number) {
    if (
      total > MAX_FRAME_BYTES ||
      this.#open.size === MAX_OPEN_FRAMES ||
      this.#openBytes + total > MAX_OPEN_FRAME_BYTES
    )
      throw new ShoalError(
        'limit-exceeded',
        `A frame of ${total} bytes begins beside ${this.#open.size} others of ${this.#openBytes}; at most ${MAX_OPEN_FRAMES} frames of ${MAX_OPEN_FRAME_BYTES} bytes, each of ${MAX_FRAME_BYTES}, may be on their way.`,
      );
    const frame = { bytes: new Uint8Array(total), length: 0 };
    this.#open.set(id, frame);
    this.#openBytes += total;
    return frame;
  }
}
