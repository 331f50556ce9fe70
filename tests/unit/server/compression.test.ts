import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { accepts } from '../../../signaling-server/content-encoding.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const ASSET = '/assets/main-abc123.js';
const CODE = 'export {};';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await writeFile(join(server.folder, `page${ASSET}.br`), brotliCompressSync(CODE));
  await writeFile(join(server.folder, `page${ASSET}.gz`), gzipSync(CODE));
});
afterAll(() => server.stop());

/** As it comes over the wire: `fetch` would decode it. */
async function get(path: string, headers: Record<string, string>) {
  const { promise, resolve, reject } = Promise.withResolvers<import('node:http').IncomingMessage>();
  request(server.url + path, { headers }, resolve)
    .on('error', reject)
    .end();
  const response = await promise;
  return { status: response.statusCode, headers: response.headers, bytes: await buffer(response) };
}

it('sends the shortest copy that the browser takes, as the file that it is', async () => {
  const brotli = await get(ASSET, { 'Accept-Encoding': 'gzip, deflate, br, zstd' });
  expect(brotliDecompressSync(brotli.bytes).toString()).toBe(CODE);
  expect(brotli.headers).toMatchObject({
    'content-encoding': 'br',
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
    'content-length': String(brotli.bytes.length),
    vary: 'Accept-Encoding',
  });
  const gzip = await get(ASSET, { 'Accept-Encoding': 'gzip, br;q=0' });
  expect(gunzipSync(gzip.bytes).toString()).toBe(CODE);
  expect(gzip.headers.etag).not.toBe(brotli.headers.etag);
  const again = await get(ASSET, { 'Accept-Encoding': 'br', 'If-None-Match': brotli.headers.etag! });
  expect([again.status, again.headers.vary]).toEqual([304, 'Accept-Encoding']);
});

it('sends the file itself to others, for a range, and where there is no copy', async () => {
  for (const [path, headers, text] of [
    [ASSET, {}, CODE],
    [ASSET, { 'Accept-Encoding': 'zstd' }, CODE],
    [ASSET, { 'Accept-Encoding': 'br', Range: 'bytes=0-5' }, 'export'],
    ['/', { 'Accept-Encoding': 'br' }, '<h1>Shoal</h1>'],
  ] as const) {
    const response = await get(path, headers);
    expect(response.bytes.toString()).toBe(text);
    expect(response.headers['content-encoding']).toBeUndefined();
    expect(response.headers.vary).toBe('Accept-Encoding');
  }
});

it('reads Accept-Encoding', () => {
  expect(accepts('gzip, br', 'br')).toBe(true);
  expect(accepts('GZIP;q=0.5', 'gzip')).toBe(true);
  expect(accepts('*', 'br')).toBe(true);
  for (const header of [undefined, '', 'gzip', 'br;q=0', '*, br; q=0.0', 'brotli', '*;q=0'])
    expect([header, accepts(header, 'br')]).toEqual([header, false]);
});
