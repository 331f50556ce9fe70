/** The ranks of GPT-2's merges: of two tokens a merge is two numbers, so that a hundred thousand take little memory. */
export class MergeRanks {
  readonly #ids: ReadonlyMap<string, number>;
  readonly #size: number;
  /** By both tokens' ids. */
  readonly #ranks = new Map<number, number>();
  /** By both texts, where one is no token by itself. */
  readonly #others = new Map<string, number>();

  /**
   * @param merges - in order of rank, two tokens joined by a space; of two that are equal the later counts
   * @param size - V: every id is below it
   */
  constructor(merges: readonly string[], ids: ReadonlyMap<string, number>, size: number) {
    this.#ids = ids;
    this.#size = size;
    for (const [rank, merge] of merges.entries()) {
      const [left, right] = merge.split(' ', 2);
      if (left === undefined || right === undefined) continue;
      const key = this.#key(left, right);
      if (key === undefined) this.#others.set(`${left} ${right}`, rank);
      else this.#ranks.set(key, rank);
    }
  }

  rankOf(left: string, right: string): number | undefined {
    const key = this.#key(left, right);
    return key === undefined ? this.#others.get(`${left} ${right}`) : this.#ranks.get(key);
  }

  #key(left: string, right: string): number | undefined {
    const [first, second] = [this.#ids.get(left), this.#ids.get(right)];
    return first === undefined || second === undefined ? undefined : first * this.#size + second;
  }
}
