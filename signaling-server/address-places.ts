/** Of the places that others leave, the part that one address may have: a dozen addresses fill them, not three. */
const SHARE = 4;
/** What an address may have in any case while there is a place, as a part of all places: a classroom behind one router. */
const FLOOR = 32;

/**
 * Places that addresses share: an address may have a quarter of what all others leave, and a 32nd of all in any case.
 * @example of 2048 places the first address gets 512, the second 384, the third 288, none fewer than 64 until all are taken
 */
export class AddressPlaces {
  readonly #total: number;
  readonly #byAddress = new Map<string, number>();
  #taken = 0;

  constructor(total: number) {
    this.#total = total;
  }

  /** @returns false when there is no place for `address`; otherwise `free` must be called once. */
  take(address: string): boolean {
    const mine = this.#byAddress.get(address) ?? 0;
    const left = this.#total - (this.#taken - mine);
    if (mine >= left || mine >= Math.max(left / SHARE, this.#total / FLOOR)) return false;
    this.#byAddress.set(address, mine + 1);
    this.#taken++;
    return true;
  }

  /** Places taken by all. */
  get taken(): number {
    return this.#taken;
  }

  free(address: string): void {
    const mine = (this.#byAddress.get(address) ?? 0) - 1;
    if (mine > 0) this.#byAddress.set(address, mine);
    else this.#byAddress.delete(address);
    this.#taken--;
  }
}
