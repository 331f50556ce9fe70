import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Bridges and tunnels of containers and virtual machines: nobody else is in their networks. */
const VIRTUAL = /^(docker|br-|veth|virbr|vmnet|vboxnet|cni|flannel|utun|awdl|llw)/;
const LOOPBACK = /^(localhost|127\.[\d.]+|::1)$/;

/** Every address of this machine that a browser can be pointed at: loopback first, no link-local IPv6. */
export function interfaceAddresses(interfaces = networkInterfaces()): string[] {
  const addresses = Object.entries(interfaces)
    .flatMap(([name, entries]) => (entries ?? []).map((entry) => ({ ...entry, name })))
    .filter(({ address }) => !address.startsWith('fe80:'))
    .sort(
      (a, b) =>
        Number(b.internal) - Number(a.internal) ||
        a.family.localeCompare(b.family) ||
        Number(VIRTUAL.test(a.name)) - Number(VIRTUAL.test(b.name)),
    )
    .map(({ address }) => address);
  return [...new Set(addresses)];
}

/** The addresses at which a server bound to `host` answers. */
export function reachableAddresses(host: string): string[] {
  if (host === '0.0.0.0') return interfaceAddresses().filter((address) => !isIPv6(address));
  if (host === '::') return interfaceAddresses();
  return [host];
}

/** Those of `addresses` that other machines may reach too. */
export function networkAddresses(addresses: readonly string[]): string[] {
  return addresses.filter((address) => !LOOPBACK.test(address));
}

/** A host as it stands in a URL: IPv6 addresses in brackets. */
export function urlHost(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}
