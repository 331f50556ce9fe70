import { ShoalError } from '../../core/errors.ts';

/** Length of the u32 that precedes every message. */
const PREFIX_BYTES = 4;

/** One message made of `parts` with its length before it, little-endian u32, as it travels on a byte stream. */
export function prefixed(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const bytes = new Uint8Array(PREFIX_BYTES + length);
  new DataView(bytes.buffer).setUint32(0, length, true);
  let offset = PREFIX_BYTES;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return bytes;
}

/** Puts length-prefixed messages together again from the pieces of a byte stream. */
export class MessageAssembler {
  readonly #maxBytes: number;
  readonly #onMessage: (message: Uint8Array<ArrayBuffer>) => void;
  readonly #prefix = new Uint8Array(PREFIX_BYTES);
  #prefixLength = 0;
  #message: Uint8Array<ArrayBuffer> | undefined;
  #length = 0;

  /** @param onMessage - takes each whole message, in a buffer of its own */
  constructor(maxBytes: number, onMessage: (message: Uint8Array<ArrayBuffer>) => void) {
    this.#maxBytes = maxBytes;
    this.#onMessage = onMessage;
  }

  /** Whether a message has begun to come. */
  get partial(): boolean {
    return this.#message !== undefined || this.#prefixLength > 0;
  }

  /** @throws ShoalError `limit-exceeded` when a message announces more than the limit, before anything is allocated */
  push(chunk: Uint8Array): void {
    let offset = 0;
    while (offset < chunk.byteLength) {
      if (!this.#message) {
        const taken = Math.min(PREFIX_BYTES - this.#prefixLength, chunk.byteLength - offset);
        this.#prefix.set(chunk.subarray(offset, offset + taken), this.#prefixLength);
        this.#prefixLength += taken;
        offset += taken;
        if (this.#prefixLength < PREFIX_BYTES) return;
        this.#begin(new DataView(this.#prefix.buffer).getUint32(0, true));
      }
      const message = this.#message!;
      const taken = Math.min(message.byteLength - this.#length, chunk.byteLength - offset);
      message.set(chunk.subarray(offset, offset + taken), this.#length);
      this.#length += taken;
      offset += taken;
      if (this.#length === message.byteLength) {
        this.#message = undefined;
        this.#onMessage(message);
      }
    }
  }

  #begin(length: number): void {
    if (length === 0 || length > this.#maxBytes) {
      throw new ShoalError('limit-exceeded', `A message announces ${length} bytes, expected 1 to ${this.#maxBytes}.`);
    }
    this.#prefixLength = 0;
    this.#length = 0;
    this.#message = new Uint8Array(length);
  }
}
