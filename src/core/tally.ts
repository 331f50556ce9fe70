/** Peers counted apart; of more, those counted longest ago are forgotten, and only the total has them. */
const MAX_COUNTED = 1024;

/** A sum, and each peer's part of it. */
export class Tally {
  total = 0;
  readonly #parts = new Map<string, number>();

  add(peerId: string, amount: number): void {
    this.total += amount;
    const part = this.of(peerId) + amount;
    this.#parts.delete(peerId);
    this.#parts.set(peerId, part);
    if (this.#parts.size > MAX_COUNTED) this.#parts.delete(this.#parts.keys().next().value!);
  }

  of(peerId: string): number {
    return this.#parts.get(peerId) ?? 0;
  }
}
