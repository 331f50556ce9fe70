import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { ShoalError } from '../src/core/errors.ts';

/**
 * The addresses by which clients are counted. Anybody can write `X-Forwarded-For`: it is believed of proxies that the
 * operator named, and of what they say only the part that they wrote themselves.
 */
export class ClientAddresses {
  readonly #proxies = new BlockList();

  /**
   * @param proxies - addresses, or networks as `10.0.0.0/8`
   * @throws ShoalError `bad-request` when one is neither
   */
  constructor(proxies: readonly string[]) {
    for (const proxy of proxies) this.#trust(proxy);
  }

  /** Whether a connection comes from a named proxy: it carries others' requests. */
  isProxy(address: string | undefined): boolean {
    const plain = unmapped(address ?? '');
    return isIP(plain) !== 0 && this.#proxies.check(plain, familyOf(plain));
  }

  /** The group (see `addressGroup`) of the client that sent a request. */
  of({ socket, headers }: IncomingMessage): string {
    let client = socket.remoteAddress ?? '';
    // The last entry is the nearest proxy's; before one that is no proxy's of ours, anything may stand.
    const forwarded = String(headers['x-forwarded-for'] ?? '').split(',');
    while (this.isProxy(client)) {
      const next = withoutPort(forwarded.pop()?.trim() ?? '');
      if (isIP(next) === 0) break;
      client = next;
    }
    return addressGroup(client);
  }

  #trust(proxy: string): void {
    const [address = '', bits] = proxy.split('/');
    const most = isIPv6(address) ? 128 : 32;
    if (isIP(address) === 0 || (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= most)))
      throw new ShoalError(
        'bad-request',
        `--trust-proxy is "${proxy}", expected an address like 127.0.0.1 or a network like 10.0.0.0/8.`,
      );
    this.#proxies.addSubnet(address, bits === undefined ? most : Number(bits), familyOf(address));
  }
}

/** What counts as one address: an IPv4 address, or the /64 of an IPv6 address, of which every home has all. */
export function addressGroup(address: string): string {
  const plain = unmapped(address);
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array.from({ length: gap }, () => '0'), ...right];
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}

/** Without the zone, and an IPv4 address as such also where IPv6 carries it. */
function unmapped(address: string): string {
  return address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
}

function withoutPort(text: string): string {
  return text.replace(/^\[([^\]]*)\](:\d+)?$/, '$1').replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
