import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import parseTorrent from 'parse-torrent';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseByteRange } from '../../../signaling-server/byte-range.ts';
import { parseServerConfig } from '../../../src/protocol/server-config.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ iceServers: [{ urls: 'stun:stun.example:3478' }] });
});
afterAll(() => server.stop());

const get = (path: string, init?: RequestInit) => fetch(`${server.url}${path}`, init);
const shardUrl = (index: number) => `/models/tiny/shard-${index}.gguf`;

/** A request with a path that `fetch` would tidy up. */
async function rawStatus(path: string): Promise<number> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.setDefaultEncoding('latin1');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: shoal\r\nConnection: close\r\n\r\n`);
  return Number((await text(socket)).split(' ')[1]);
}

describe('the page', () => {
  it('is cross-origin isolated and not cached under its own name', async () => {
    const response = await get('/');
    expect(await response.text()).toBe('<h1>Shoal</h1>');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'credentialless',
      'cross-origin-resource-policy': 'same-origin',
    });
    const again = await get('/', { headers: { 'If-None-Match': response.headers.get('etag')! } });
    expect(again.status).toBe(304);
    expect(again.headers.get('cross-origin-opener-policy')).toBe('same-origin');
  });

  it('may not be framed, sends no referrer, and says so to its workers too', async () => {
    for (const path of ['/', '/assets/main-abc123.js']) {
      const { headers } = await get(path);
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.has('strict-transport-security')).toBe(false);
    }
  });

  it('has assets that are cached for good, and nothing at other paths', async () => {
    const asset = await get('/assets/main-abc123.js');
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(asset.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(await (await get('/?x=1')).text()).toBe('<h1>Shoal</h1>');
    for (const path of ['/nope', '/v1/models', '/assets', '/assets/', '/settings?x=1', '/models'])
      expect([path, (await get(path)).status]).toEqual([path, 404]);
    expect((await get('/assets/gone.js')).status).toBe(404);
  });

  it.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/..%5csecret.txt',
    '/.sources',
    '/assets/%2e%2e/.sources',
    '/%00.txt',
    '/%zz.txt',
    '//etc/passwd.txt',
    '/models/../secret.txt',
    '/models/tiny/../../secret.txt',
    '/models/tiny/..%2fmanifest.json',
    '/models/tiny/.source.json',
    '/models/tiny/shard-4.gguf',
    '/models/tiny/shard-00.gguf',
    '/models/__proto__/manifest.json',
    '/models/other/manifest.json',
  ])('gives nothing for %s', async (path) => {
    expect(await rawStatus(path)).toBe(404);
  });

  it('refuses other methods', async () => {
    const response = await get('/', { method: 'POST', body: 'x' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
  });
});

describe('models', () => {
  it('serves the manifest byte for byte', async () => {
    const response = await get('/models/tiny/manifest.json');
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(server.model.manifestId);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('serves whole shards, with their SHA-256 as ETag', async () => {
    for (const { index, sha256, sizeBytes } of server.model.manifest.shards) {
      const response = await get(shardUrl(index));
      const bytes = new Uint8Array(await response.arrayBuffer());
      expect(bytes.length).toBe(sizeBytes);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
      expect(response.headers.get('etag')).toBe(`"${sha256}"`);
      expect(response.headers.get('accept-ranges')).toBe('bytes');
    }
  });

  it('serves single ranges, and counts what it sent', async () => {
    const whole = new Uint8Array(await (await get(shardUrl(1))).arrayBuffer());
    const size = whole.length;
    const sentBefore = await server.metric('shoal_sent_bytes_total{kind="models"}');
    for (const [range, start, end] of [
      ['bytes=0-0', 0, 1],
      ['bytes=1000-1999', 1000, 2000],
      [`bytes=${size - 1}-`, size - 1, size],
      ['bytes=-10', size - 10, size],
      [`bytes=5-${size * 2}`, 5, size],
    ] as const) {
      const response = await get(shardUrl(1), { headers: { Range: range } });
      expect(response.status).toBe(206);
      expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/${size}`);
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(whole.slice(start, end));
    }
    const sent = (await server.metric('shoal_sent_bytes_total{kind="models"}')) - sentBefore;
    expect(sent).toBe(1 + 1000 + 1 + 10 + (size - 5));
  });

  it('answers 416 past the end, and sends the whole file for what it need not understand', async () => {
    const { sizeBytes } = server.model.manifest.shards[1]!;
    const past = await get(shardUrl(1), { headers: { Range: `bytes=${sizeBytes}-` } });
    expect(past.status).toBe(416);
    expect(past.headers.get('content-range')).toBe(`bytes */${sizeBytes}`);
    for (const range of ['bytes=0-1,4-5', 'lines=1-2', 'bytes=9-3', 'bytes=-', 'bytes=a-b']) {
      const response = await get(shardUrl(1), { headers: { Range: range } });
      expect([range, response.status]).toEqual([range, 200]);
      await response.body?.cancel();
    }
  });

  it('honours If-Range, If-None-Match, HEAD and a preflight', async () => {
    const { sha256, sizeBytes } = server.model.manifest.shards[0]!;
    const headers = { Range: 'bytes=0-3', 'If-Range': `"${sha256}"` };
    expect((await get(shardUrl(0), { headers })).status).toBe(206);
    expect((await get(shardUrl(0), { headers: { ...headers, 'If-Range': '"other"' } })).status).toBe(200);
    expect((await get(shardUrl(0), { headers: { 'If-None-Match': `"x", "${sha256}"` } })).status).toBe(304);
    const head = await get(shardUrl(0), { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe(String(sizeBytes));
    expect(await head.text()).toBe('');
    const preflight = await get(shardUrl(0), { method: 'OPTIONS' });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Range');
  });

  it('makes torrents with its own tracker and web seed', async () => {
    for (const { index, fileName, infoHash, sizeBytes } of server.model.manifest.shards) {
      const response = await get(`/models/tiny/shard-${index}.torrent`);
      expect(response.headers.get('content-type')).toBe('application/x-bittorrent');
      const torrent = await parseTorrent(new Uint8Array(await response.arrayBuffer()));
      const origin = server.url.replace('http://', '');
      expect(torrent).toMatchObject({
        name: fileName,
        infoHash,
        length: sizeBytes,
        urlList: [`http://${origin}/models/tiny/${fileName}`],
      });
      expect([...(torrent.announce as string[])].sort()).toEqual([
        `http://${origin}/announce`,
        `ws://${origin}/announce`,
      ]);
    }
  });

  it('writes https links behind a proxy that ends TLS, and none of a foreign Host', async () => {
    const proxied = await get('/models/tiny/shard-0.torrent', { headers: { 'X-Forwarded-Proto': 'https' } });
    const torrent = await parseTorrent(new Uint8Array(await proxied.arrayBuffer()));
    expect(torrent.urlList).toEqual([`${server.url.replace('http', 'https')}/models/tiny/shard-0.gguf`]);
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write('GET /models/tiny/shard-0.torrent HTTP/1.1\r\nHost: a/b"c\r\nConnection: close\r\n\r\n');
    expect(await text(socket)).toContain(`${server.url}/models/tiny/shard-0.gguf`);
  });
});

describe('health, metrics, configuration', () => {
  it('says what it serves', async () => {
    const models = [{ name: 'tiny', manifest: server.model.manifestId }];
    expect(await (await get('/healthz')).json()).toMatchObject({
      status: 'ok',
      version: '1.2.3',
      models,
      connections: 0,
    });
    const answer = await get('/config.json');
    // A page of another origin would learn the invite of the person's own machine.
    expect(answer.headers.has('access-control-allow-origin')).toBe(false);
    expect(parseServerConfig(await answer.json())).toEqual({
      version: '1.2.3',
      relay: { peerId: server.peerId },
      trackerPath: '/announce',
      addresses: [],
      iceServers: [{ urls: 'stun:stun.example:3478' }],
      peers: [],
      servesPrivateSwarm: false,
      models,
    });
  });

  it('writes Prometheus text', async () => {
    await (await get('/gone.js')).text();
    const response = await get('/metrics');
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    const lines = (await response.text()).trimEnd().split('\n');
    for (const line of lines) expect(line).toMatch(/^(# (HELP|TYPE) shoal_\w+ .+|shoal_\w+({\w+="[^"]*"})? [\d.]+)$/);
    expect(await server.metric('shoal_http_requests_total{status="404"}')).toBeGreaterThan(0);
  });
});

describe('the log', () => {
  it('gets nothing from a client that ends a line or steers a terminal', async () => {
    const written = vi.spyOn(console, 'error').mockImplementation(() => {});
    await rm(join(server.model.directory, 'shard-3.torrent'));
    const path = '/models/tiny/shard-3.torrent?';
    // A control of eight bits, as a terminal may read it; ESC, a line's end that is none of HTTP's, and DEL.
    for (const bytes of ['\u009b31m', '\u001b[31m', 'a\rb', 'a\u007f', '\u00ad'])
      expect([bytes, await rawStatus(path + bytes)]).toEqual([bytes, 400]);
    expect(await rawStatus(`${path}%1b%5b31m%0a`)).toBe(500);
    const lines = written.mock.calls.flat();
    written.mockRestore();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`GET ${path}%1b%5b31m%0a: ENOENT`);
    expect(lines[0]).not.toMatch(/\p{Cc}/u);
  });
});

describe('parseByteRange', () => {
  it('knows an empty file has no range', () => {
    expect(parseByteRange('bytes=0-', 0)).toBe('unsatisfiable');
    expect(parseByteRange('bytes=-5', 0)).toBe('unsatisfiable');
    expect(parseByteRange(undefined, 0)).toBeUndefined();
  });
});
