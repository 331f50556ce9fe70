export interface RunLengthOptions {
  /** A request is as long as brings something about this often, up to `maxBytes`. */
  readonly everyMs: number;
  readonly maxBytes: number;
  readonly pieceLength: number;
}

/** How many consecutive pieces a web server is asked for at once, by how long the last requests took. */
export class RunLength {
  readonly #options: RunLengthOptions;
  #pieces = 1;

  constructor(options: RunLengthOptions) {
    this.#options = options;
  }

  get pieces(): number {
    return this.#pieces;
  }

  /** A request has taken so long, ms. */
  took(ms: number): void {
    const { everyMs, maxBytes, pieceLength } = this.#options;
    const most = Math.max(1, Math.floor(maxBytes / pieceLength));
    const wanted = ms < everyMs ? 2 * this.#pieces : this.#pieces >> Number(ms > 3 * everyMs);
    this.#pieces = Math.min(most, Math.max(1, wanted));
  }

  /** A request has failed. */
  reset(): void {
    this.#pieces = 1;
  }
}
