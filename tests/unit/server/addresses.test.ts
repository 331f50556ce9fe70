import { once } from 'node:events';
import { connect } from 'node:net';
import parseTorrent from 'parse-torrent';
import { afterEach, describe, expect, it } from 'vitest';
import { announcement } from '../../../cli/announce.ts';
import { interfaceAddresses } from '../../../signaling-server/addresses.ts';
import { inviteLink, invitePlace } from '../../../src/app/invite.ts';
import { parseServerConfig, relayMultiaddr } from '../../../src/protocol/server-config.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const manifestId = 'ab'.repeat(32);
const ipv4 = (address: string, internal = false) => ({
  address,
  internal,
  family: 'IPv4' as const,
  netmask: '255.255.255.0',
  mac: '00:00:00:00:00:00',
  cidr: `${address}/24`,
});

let server: TestServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

describe('an invite', () => {
  const link = (page: string, addresses: readonly string[]) =>
    inviteLink(invitePlace(new URL(page), addresses).page, { manifestId });

  it('names the address that others reach, when the page was opened by a loopback address', () => {
    const addresses = ['https://192.168.1.5:8787/'];
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '127.1.2.3'])
      expect(link(`https://${host}:8787/`, addresses)).toBe(`https://192.168.1.5:8787/#m=${manifestId}`);
    expect(link('https://shoal.example/a/', addresses)).toBe(`https://shoal.example/a/#m=${manifestId}`);
    expect(link('http://localhost:8787/', ['https://shoal.example/a/', ...addresses])).toContain('//shoal.example/a/#');
  });

  it('is for this machine only where no other can open the page', () => {
    // Plain http of another machine is no secure context.
    for (const addresses of [[], ['http://192.168.1.5:8787/'], ['https://localhost/']])
      expect(invitePlace(new URL('http://127.0.0.1:8787/'), addresses).thisMachineOnly).toBe(true);
  });

  it('is printed, for a person as a QR code too', () => {
    const urls = ['https://127.0.0.1:8787', 'https://192.168.1.5:8787'];
    const running = { urls, addresses: ['https://192.168.1.5:8787/'] };
    const piped = announcement(running, { invite: { manifestId }, secure: true, terminal: false });
    expect(piped.split('\n').at(-1)).toBe(`Invite: https://192.168.1.5:8787/#m=${manifestId}`);
    const shown = announcement(running, { invite: { manifestId }, secure: true, terminal: true });
    expect(shown).toMatch(/[▀▄█]{10}/);
    const local = announcement(
      { urls: ['http://127.0.0.1:1'], addresses: [] },
      { invite: { manifestId }, secure: false, terminal: true },
    );
    expect(local).toContain('this machine only');
    expect(local).not.toContain('#m=');
    const plain = { urls: ['http://192.168.1.5:1'], addresses: ['http://192.168.1.5:1/'] };
    expect(announcement(plain, { invite: { manifestId }, secure: false, terminal: false })).toContain(
      'HTTPS pages only',
    );
  });
});

describe('addresses', () => {
  it('put networks that others are in before those of containers', () => {
    const interfaces = {
      docker0: [ipv4('172.17.0.1')],
      eth0: [ipv4('192.168.1.5')],
      lo: [ipv4('127.0.0.1', true)],
    };
    expect(interfaceAddresses(interfaces)).toEqual(['127.0.0.1', '192.168.1.5', '172.17.0.1']);
  });

  it('are told to the page: the public one first, none of loopback', async () => {
    server = await startTestServer({ host: '0.0.0.0', publicUrl: new URL('https://shoal.example/a/') });
    const { addresses } = parseServerConfig(await (await fetch(`${server.url}/config.json`)).json());
    const port = new URL(server.url).port;
    const others = interfaceAddresses().filter((address) => !address.startsWith('127.') && !address.includes(':'));
    expect(addresses).toEqual(['https://shoal.example/a/', ...others.map((address) => `http://${address}:${port}/`)]);
    expect(server.addresses).toEqual(addresses);
  });
});

describe('below a path', () => {
  it('requests are answered with the path before them and without', async () => {
    server = await startTestServer({ publicUrl: new URL('https://shoal.example/shoal/') });
    // Its owner has a certificate that browsers trust.
    const { headers } = await fetch(`${server.url}/shoal/`);
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
    for (const path of ['/', '/config.json', '/models/tiny/manifest.json', '/assets/main-abc123.js']) {
      for (const base of ['', '/shoal'])
        expect([base + path, (await fetch(server.url + base + path)).status]).toEqual([base + path, 200]);
    }
    expect((await fetch(`${server.url}/shoal/nope`)).status).toBe(404);
    const bare = await fetch(`${server.url}/shoal`, { redirect: 'manual' });
    expect([bare.status, bare.headers.get('location')]).toEqual([308, 'https://shoal.example/shoal/']);
  });

  it('WebSockets are taken too, and torrents name the public address', async () => {
    server = await startTestServer({ publicUrl: new URL('https://shoal.example/shoal/') });
    for (const [path, status] of [
      ['/shoal/announce', 101],
      ['/shoal/', 101],
      ['/shoal/relay', 101],
      ['/other/', 404],
    ] as const) {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: shoal\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${btoa('0123456789abcdef')}\r\n\r\n`,
      );
      const [head] = (await once(socket, 'data')) as [Buffer];
      expect([path, Number(head.toString().split(' ')[1])]).toEqual([path, status]);
      socket.destroy();
    }
    const response = await fetch(`${server.url}/models/tiny/shard-0.torrent`);
    const torrent = await parseTorrent(new Uint8Array(await response.arrayBuffer()));
    expect(torrent.urlList).toEqual(['https://shoal.example/shoal/models/tiny/shard-0.gguf']);
    expect(torrent.announce).toContain('wss://shoal.example/shoal/announce');
  });

  it('the relay has its path in its address', () => {
    const at = (page: string) => relayMultiaddr({ peerId: 'x' }, page);
    expect(at('https://a.example/b/index.html#m=1')).toBe('/dns/a.example/tcp/443/tls/ws/http-path/b%2Frelay/p2p/x');
    expect(at('http://127.0.0.1:81/')).toBe('/ip4/127.0.0.1/tcp/81/ws/p2p/x');
  });
});
