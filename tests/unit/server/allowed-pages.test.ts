import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { hostname } from 'node:os';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllowedOrigin } from '../../../cli/allowed-origin.ts';
import { AllowedPages } from '../../../signaling-server/allowed-pages.ts';
import { connectClient } from '../../support/libp2p-client.ts';
import { rawUpgrade } from '../../support/raw-upgrade.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const asked = (host: string | undefined, origin?: string, encrypted = false) =>
  ({ headers: { host, origin }, socket: { encrypted } }) as unknown as IncomingMessage;

describe('a page', () => {
  const pages = new AllowedPages({ publicUrl: undefined, origins: [] });

  it.each([
    ['of the server itself', '192.168.7.9:8787', 'http://192.168.7.9:8787'],
    ['by IPv6', '[::1]:8787', 'http://[::1]:8787'],
    ['by the machine’s name', `${hostname()}:8787`, `http://${hostname().toLowerCase()}:8787`],
    ['by a name of the local network', 'my-laptop.local:8080', 'http://my-laptop.local:8080'],
    ['by a name without dots', 'my-laptop:8080', 'http://my-laptop:8080'],
    ['behind a proxy that ends TLS', '192.168.7.9', 'https://192.168.7.9'],
    ['behind one that names the port', 'nas.lan:443', 'https://nas.lan'],
    ['that is none: a program', '127.0.0.1:8787', undefined],
  ])('%s may', (_name, host, origin) => {
    expect(pages.refusal(asked(host, origin))).toBeUndefined();
  });

  it.each([
    ['of another site', '127.0.0.1:8787', 'https://evil.example'],
    ['of another port', '127.0.0.1:8787', 'http://127.0.0.1:8788'],
    ['of another address of this machine', '127.0.0.1:8787', 'http://localhost:8787'],
    ['without an origin of its own', '127.0.0.1:8787', 'null'],
    ['with rubbish', '127.0.0.1:8787', 'evil'],
  ])('%s may not', (_name, host, origin) => {
    expect(pages.refusal(asked(host, origin))).toBe('origin');
  });

  it('whose own name points here may not, nor may one under a name that ends like ours', () => {
    for (const host of ['evil.example:8787', 'evil.example.', 'local.evil.example', '127.0.0.1.evil.example', 'a/b"c'])
      expect([host, pages.refusal(asked(host, `http://${host}`))]).toEqual([host, 'host']);
    // A certificate has told whose name it is.
    expect(pages.refusal(asked('shoal.example', 'https://shoal.example', true))).toBeUndefined();
    expect(pages.refusal(asked('shoal.example', 'https://evil.example', true))).toBe('origin');
  });

  it('that the operator named may, also where a proxy writes another Host', () => {
    const publicUrl = new URL('https://shoal.example/a/');
    const named = new AllowedPages({ publicUrl, origins: ['https://app.example'] });
    for (const [host, origin] of [
      ['127.0.0.1:8787', 'https://shoal.example'],
      ['shoal.example', 'https://shoal.example'],
      ['127.0.0.1:8787', 'https://app.example'],
      ['app.example', undefined],
    ] as const)
      expect(named.refusal(asked(host, origin))).toBeUndefined();
    expect(named.refusal(asked('shoal.example', 'https://shoal.example.evil.example'))).toBe('origin');
    expect(named.refusal(asked('evil.example', 'http://evil.example'))).toBe('host');
    expect(named.named(asked('127.0.0.1', 'https://app.example'))).toBe('https://app.example');
    expect(named.named(asked('127.0.0.1', 'https://evil.example'))).toBeUndefined();
  });

  it('may be an extension’s, which the operator names by its origin', () => {
    const origin = parseAllowedOrigin('chrome-extension://ABCDEFGHIJKLMNOPabcdefghijklmnop');
    const named = new AllowedPages({ publicUrl: undefined, origins: [origin] });
    expect(named.refusal(asked('127.0.0.1', 'chrome-extension://abcdefghijklmnopabcdefghijklmnop'))).toBeUndefined();
    expect(named.refusal(asked('127.0.0.1', 'chrome-extension://ponmlkjihgfedcbaponmlkjihgfedcba'))).toBe('origin');
    expect(() => parseAllowedOrigin('chrome-extension://abc/panel.html')).toThrow('expected an origin');
  });

  it('may whatever it is, where the operator says so', () => {
    const open = new AllowedPages({ publicUrl: undefined, origins: ['*'] });
    expect(open.refusal(asked('evil.example', 'https://other.example'))).toBeUndefined();
  });
});

describe('the server', () => {
  let server: TestServer;
  let named: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
    named = await startTestServer({ allowedOrigins: ['https://app.example'] });
  });
  afterAll(() => Promise.all([server.stop(), named.stop()]));

  async function ask(
    url: string,
    headers: IncomingHttpHeaders,
  ): Promise<{ status: number; cors: unknown; body: string }> {
    const [response] = (await once(request(url, { headers }).end(), 'response')) as [IncomingMessage];
    const body = await text(response);
    return { status: response.statusCode!, cors: response.headers['access-control-allow-origin'], body };
  }

  it.each(['/', '/relay', '/announce'])(
    'refuses the WebSocket %s of another site’s page, and counts it',
    async (path) => {
      const before = await server.metric('shoal_sockets_refused_total{reason="origin"}');
      const own = new URL(server.url);
      const open = async (host: string, origin?: string) => {
        const { socket, status } = await rawUpgrade(server.url, path, {
          host,
          headers: origin ? { Origin: origin } : {},
        });
        socket.destroy();
        return status;
      };
      expect(await open(own.host, 'https://evil.example')).toBe(403);
      expect(await open('evil.example', 'http://evil.example')).toBe(421);
      expect(await open(own.host, own.origin)).toBe(101);
      expect(await open(own.host)).toBe(101);
      expect(await server.metric('shoal_sockets_refused_total{reason="origin"}')).toBe(before + 1);
    },
  );

  it('tells its configuration, health and figures to no other site’s page', async () => {
    for (const path of ['/config.json', '/healthz', '/metrics', '/announce', '/']) {
      const url = server.url + path;
      expect((await ask(url, { origin: 'https://evil.example' })).status).toBe(403);
      expect(await ask(url, { host: 'evil.example' })).toMatchObject({
        status: 421,
        body: expect.stringContaining('--public-url'),
      });
      expect((await ask(url, {})).status).toBe(200);
    }
    // Weights are public.
    const manifest = `${server.url}/models/tiny/manifest.json`;
    expect(await ask(manifest, { host: 'evil.example', origin: 'https://evil.example' })).toMatchObject({
      status: 200,
      cors: '*',
    });
  });

  it('lets a page that the operator named read and join', async () => {
    const origin = 'https://app.example';
    expect(await ask(`${named.url}/config.json`, { origin })).toMatchObject({ status: 200, cors: origin });
    const { socket, status } = await rawUpgrade(named.url, '/', { headers: { Origin: origin } });
    socket.destroy();
    expect(status).toBe(101);
    expect((await ask(`${server.url}/config.json`, {})).cors).toBeUndefined();
  });

  it('takes programs, which send no origin', async () => {
    const client = await connectClient(server.url, server.peerId);
    await client.stop();
  });
});
