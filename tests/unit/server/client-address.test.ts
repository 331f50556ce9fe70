import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { addressGroup, ClientAddresses } from '../../../signaling-server/client-address.ts';

const request = (remoteAddress: string, forwarded?: string) =>
  ({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage;

describe('an address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', ''],
  ])('%s counts as %s', (address, group) => {
    expect(addressGroup(address)).toBe(group);
  });
});

describe('X-Forwarded-For', () => {
  const behind = new ClientAddresses(['127.0.0.1', '10.0.0.0/8', '2001:db8:ff::/48']);

  it('is nothing where no proxy was named, and of others than the named', () => {
    expect(new ClientAddresses([]).of(request('127.0.0.1', '192.0.2.1'))).toBe('127.0.0.1');
    expect(behind.of(request('198.51.100.7', '192.0.2.1'))).toBe('198.51.100.7');
  });

  it('names the client by the part that a named proxy wrote', () => {
    expect(behind.of(request('127.0.0.1', '192.0.2.1'))).toBe('192.0.2.1');
    expect(behind.of(request('::ffff:127.0.0.1', '192.0.2.1:4711'))).toBe('192.0.2.1');
    expect(behind.of(request('10.1.2.3', '[2001:db8:1:2::9]:4711'))).toBe('2001:db8:1:2::/64');
    // Through two proxies, the outer one named too.
    expect(behind.of(request('127.0.0.1', '192.0.2.1, 10.9.9.9'))).toBe('192.0.2.1');
    expect(behind.of(request('2001:db8:ff::5', '192.0.2.1'))).toBe('192.0.2.1');
  });

  it('is not believed in what the client wrote before it', () => {
    expect(behind.of(request('127.0.0.1', '10.0.0.1, 8.8.8.8, 192.0.2.1'))).toBe('192.0.2.1');
    expect(behind.of(request('127.0.0.1', '8.8.8.8, rubbish'))).toBe('127.0.0.1');
    expect(behind.of(request('127.0.0.1', ''))).toBe('127.0.0.1');
    expect(behind.of(request('127.0.0.1'))).toBe('127.0.0.1');
  });

  it.each(['proxy', '10.0.0.0/33', '10.0.0.0/', '2001:db8::/129', ''])('refuses the proxy "%s"', (proxy) => {
    expect(() => new ClientAddresses([proxy])).toThrow('--trust-proxy');
  });
});
