/** Turns tokens into text as they come. Never emits half a character: bytes wait until their character is whole. */
export class Detokenizer {
  readonly #bytesOf: (id: number) => Uint8Array;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  /** @param bytesOf - a token's bytes; none for a token that is not shown */
  constructor(bytesOf: (id: number) => Uint8Array) {
    this.#bytesOf = bytesOf;
  }

  /** The text that is whole now; empty while a character is under way. */
  push(id: number): string {
    return this.#decoder.decode(this.#bytesOf(id), { stream: true });
  }

  /** The rest at the end: U+FFFD for a character that never became whole. */
  flush(): string {
    return this.#decoder.decode();
  }
}
