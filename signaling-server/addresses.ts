import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Every address of this machine that a browser can be pointed at: loopback first, no link-local IPv6. */
export function interfaceAddresses(): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter(({ address }) => !address.startsWith('fe80:'))
    .sort((a, b) => Number(b.internal) - Number(a.internal) || a.family.localeCompare(b.family))
    .map(({ address }) => address);
  return [...new Set(addresses)];
}

/** The addresses at which a server bound to `host` answers. */
export function reachableAddresses(host: string): string[] {
  if (host === '0.0.0.0') return interfaceAddresses().filter((address) => !isIPv6(address));
  if (host === '::') return interfaceAddresses();
  return [host];
}

/** A host as it stands in a URL: IPv6 addresses in brackets. */
export function urlHost(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}
