import { MAX_SOCKETS, MAX_SOCKETS_PER_ADDRESS } from './limits.ts';

/** Counts open WebSockets, all together and by address. */
export class SocketPlaces {
  readonly #byAddress = new Map<string, number>();
  #taken = 0;

  /** @returns false when there is no place for `address`; otherwise `free` must be called when its socket is closed. */
  take(address: string): boolean {
    const mine = this.#byAddress.get(address) ?? 0;
    if (this.#taken >= MAX_SOCKETS || mine >= MAX_SOCKETS_PER_ADDRESS) return false;
    this.#byAddress.set(address, mine + 1);
    this.#taken++;
    return true;
  }

  free(address: string): void {
    const mine = (this.#byAddress.get(address) ?? 0) - 1;
    if (mine > 0) this.#byAddress.set(address, mine);
    else this.#byAddress.delete(address);
    this.#taken--;
  }
}
