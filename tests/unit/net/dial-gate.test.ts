import { multiaddr } from '@multiformats/multiaddr';
import { describe, expect, it } from 'vitest';
import { isBy } from '../../../src/net/libp2p/dial-gate.ts';

const RELAY = '12D3KooWQYV9dGMFoRzNStwpXztXaBUjtPqi6aU76ZgUriHhKust';
const TAB = '12D3KooWLs7Y6oG2vQwUWV4HRGrnRDNVLzrLjiTMw8VJPBzgqoSv';

describe('an address that a tab dials', () => {
  it.each([
    `/ip4/192.168.1.2/tcp/4000/ws/p2p/${RELAY}`,
    `/dns4/shoal.example/tcp/443/tls/ws/http-path/shoal%2Frelay/p2p/${RELAY}`,
  ])('is the relay’s, or a tab’s behind it: %s', (text) => {
    const relay = multiaddr(text);
    expect(isBy(relay, relay)).toBe(true);
    expect(isBy(relay, relay.encapsulate(`/p2p-circuit/webrtc/p2p/${TAB}`))).toBe(true);
  });

  it.each([
    '/ip4/192.168.1.2/tcp/80/ws',
    '/ip4/192.168.1.1/tcp/4000/ws',
    '/dns4/victim.example/tcp/443/wss',
    `/ip4/203.0.113.5/tcp/9000/ws/p2p/${RELAY}/p2p-circuit/p2p/${TAB}`,
    '/unix/tmp',
  ])('is never another, whoever names it: %s', (text) => {
    expect(isBy(multiaddr(`/ip4/192.168.1.2/tcp/4000/ws/p2p/${RELAY}`), multiaddr(text))).toBe(false);
  });
});
