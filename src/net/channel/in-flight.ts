/** Counts what is under way with each peer, up to a cap. */
export class InFlight {
  readonly #max: number;
  readonly #counts = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** False when the peer is at the cap; otherwise `leave` must follow. */
  enter(peerId: string): boolean {
    const count = this.#counts.get(peerId) ?? 0;
    if (count >= this.#max) return false;
    this.#counts.set(peerId, count + 1);
    return true;
  }

  leave(peerId: string): void {
    const count = (this.#counts.get(peerId) ?? 0) - 1;
    if (count > 0) this.#counts.set(peerId, count);
    else this.#counts.delete(peerId);
  }
}
