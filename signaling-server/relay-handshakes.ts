import type { Socket } from 'node:net';
import { AddressPlaces } from './address-places.ts';
import { HANDSHAKE_TIMEOUT_MS, MAX_HANDSHAKES } from './limits.ts';

/**
 * Relay connections whose libp2p handshake is not done: few for each address, and not for long. Whoever only opens
 * WebSockets keeps out nobody at another address.
 */
export class RelayHandshakes {
  readonly #places = new AddressPlaces(MAX_HANDSHAKES);
  /** What ends the wait, by the loopback port from which the connection reaches the relay. */
  readonly #waiting = new Map<number, () => void>();

  /** Handshakes under way. */
  get size(): number {
    return this.#places.taken;
  }

  /** @returns false when there is no place for `address`; otherwise `watch` must be called. */
  take(address: string): boolean {
    return this.#places.take(address);
  }

  /** Ends a connection unless its handshake is done in time. @param upstream - to the relay, not connected yet */
  watch(upstream: Socket, address: string): void {
    let port: number | undefined;
    // Libp2p gives up too, but waits half a minute for an answer to its closing, which nobody may read.
    const timer = setTimeout(() => upstream.destroy(), HANDSHAKE_TIMEOUT_MS).unref();
    const settle = () => {
      clearTimeout(timer);
      upstream.off('close', settle);
      if (port !== undefined) this.#waiting.delete(port);
      this.#places.free(address);
    };
    upstream.once('close', settle).once('connect', () => {
      port = upstream.localPort;
      if (port !== undefined) this.#waiting.set(port, settle);
    });
  }

  /** The handshake of the connection from this port is done. */
  done(port: number): void {
    this.#waiting.get(port)?.();
  }
}
