/**
 * The ranks of GPT-2's merges as the library asks for them. It would keep each merge four times, as text and as lists of
 * texts; here a merge of two tokens is two numbers.
 */
export class MergeRanks extends Map<string, number> {
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
    super();
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

  /** @param pair - JSON of `[left, right]`, the library's key */
  override get(pair: string): number | undefined {
    const [left, right] = JSON.parse(pair) as [string, string];
    const key = this.#key(left, right);
    return key === undefined ? this.#others.get(`${left} ${right}`) : this.#ranks.get(key);
  }

  #key(left: string, right: string): number | undefined {
    const [first, second] = [this.#ids.get(left), this.#ids.get(right)];
    return first === undefined || second === undefined ? undefined : first * this.#size + second;
  }
}
