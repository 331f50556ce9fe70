import { abortError } from '../../core/abortable.ts';
import { ShoalError } from '../../core/errors.ts';
import { MAX_FRAME_BYTES } from '../../protocol/limits.ts';
import type { FrameChannel, SendOptions } from '../transport.ts';

export interface MemoryChannelOptions {
  readonly peerId: string;
  readonly roundTripMs: () => number;
  /** Takes a message to the other end. */
  readonly carry: (deliver: (other: MemoryChannel) => void) => void;
  readonly onEnd: () => void;
}

/** One end of a channel in a `MemoryNetwork`. */
export class MemoryChannel implements FrameChannel {
  readonly peerId: string;
  /** Nobody measures what memory does. */
  readonly deliveries = [];
  readonly #options: MemoryChannelOptions;
  #early: Uint8Array[] = [];
  #onFrame: ((frame: Uint8Array) => void) | undefined;
  #onClose: ((reason: Error | undefined) => void) | undefined;
  #onLate: ((late: boolean) => void) | undefined;
  #closed: { readonly reason: Error | undefined } | undefined;
  late = false;

  constructor(options: MemoryChannelOptions) {
    this.peerId = options.peerId;
    this.#options = options;
  }

  get roundTripMs(): number {
    return this.#options.roundTripMs();
  }

  async send(frame: Uint8Array, { signal }: SendOptions = {}): Promise<void> {
    if (signal?.aborted) throw abortError(signal);
    if (this.#closed) {
      throw new ShoalError('peer-gone', `The channel to ${this.peerId} is closed.`, { cause: this.#closed.reason });
    }
    if (frame.byteLength > MAX_FRAME_BYTES) {
      throw new ShoalError('limit-exceeded', `A frame has ${frame.byteLength} bytes, at most ${MAX_FRAME_BYTES}.`);
    }
    const copy = frame.slice();
    this.#options.carry((other) => other.#receive(copy));
  }

  onFrame(listener: (frame: Uint8Array) => void): void {
    this.#onFrame = listener;
    for (const frame of this.#early.splice(0)) listener(frame);
  }

  onClose(listener: (reason: Error | undefined) => void): void {
    this.#onClose = listener;
    if (this.#closed) listener(this.#closed.reason);
  }

  onLate(listener: (late: boolean) => void): void {
    this.#onLate = listener;
  }

  /** The other end's page stands still, or goes on. */
  tellLate(late: boolean): void {
    this.late = late;
    this.#onLate?.(late);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#options.carry((other) => other.end(undefined));
    this.end(undefined);
  }

  /** The other end closed, or the connection broke. */
  end(reason: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = { reason };
    this.#options.onEnd();
    this.#onClose?.(reason);
  }

  #receive(frame: Uint8Array): void {
    if (this.#closed) return;
    if (this.#onFrame) this.#onFrame(frame);
    else this.#early.push(frame);
  }
}
