import type { Multiaddr } from '@multiformats/multiaddr';

/**
 * Whether an address is the relay's, or of a tab behind it: there is no other way to a tab, and an address that a peer
 * gives as its own may be anybody's.
 */
export function isBy(relay: Multiaddr, address: Multiaddr): boolean {
  const [host, port] = relay.getComponents();
  const [ownHost, ownPort] = address.getComponents();
  return [
    [host, ownHost],
    [port, ownPort],
  ].every(([one, other]) => one?.name === other?.name && one?.value === other?.value);
}
