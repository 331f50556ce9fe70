import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readCertificate, selfSignedCertificate } from '../../../cli/certificate.ts';
import { connectClient } from '../../support/libp2p-client.ts';
import { startTestServer } from '../../support/test-server.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-tls-'));
});
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const HOSTS = ['localhost', '127.0.0.1', '::1', '192.168.7.9'];

describe('the self-signed certificate', () => {
  it('covers names and addresses, for as long as browsers accept, with a private key file', async () => {
    const { cert } = await selfSignedCertificate(folder, HOSTS);
    const parsed = new X509Certificate(cert);
    expect(parsed.checkHost('localhost')).toBe('localhost');
    for (const address of HOSTS.slice(1)) expect(parsed.checkIP(address)).toBe(address);
    expect(parsed.checkIP('192.168.7.10')).toBeUndefined();
    const days = (Date.parse(parsed.validTo) - Date.parse(parsed.validFrom)) / 86_400_000;
    expect(days).toBeLessThanOrEqual(398);
    expect((await stat(join(folder, 'server-tls.key'))).mode & 0o077).toBe(0);
  });

  it('is kept, and made again for a new address, near its end, or when the files are broken', async () => {
    const first = await selfSignedCertificate(folder, HOSTS);
    expect(await selfSignedCertificate(folder, HOSTS.slice(0, 2))).toEqual(first);
    const second = await selfSignedCertificate(folder, [...HOSTS, '10.0.0.1']);
    expect(second.cert).not.toBe(first.cert);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 370 * 86_400_000 });
    const third = await selfSignedCertificate(folder, HOSTS);
    expect(third.cert).not.toBe(second.cert);
    await writeFile(join(folder, 'server-tls.key'), first.key);
    expect((await selfSignedCertificate(folder, HOSTS)).key).not.toBe(first.key);
  });

  it('is refused when it is of another key', async () => {
    await selfSignedCertificate(folder, HOSTS);
    const cert = join(folder, 'server.crt');
    expect(await readCertificate(cert, join(folder, 'server-tls.key'))).toMatchObject({
      cert: await readFile(cert, 'utf8'),
    });
    await expect(readCertificate(cert, cert)).rejects.toMatchObject({ code: 'bad-request' });
    await expect(readCertificate(cert, join(folder, 'none'))).rejects.toMatchObject({ code: 'bad-request' });
  });
});

describe('the server on HTTPS', () => {
  it('serves page, torrents and relay with the certificate', async () => {
    const tls = await selfSignedCertificate(folder, HOSTS);
    const server = await startTestServer({ tls });
    try {
      expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
      const fetchText = (path: string) =>
        new Promise<string>((resolve, reject) => {
          get(`${server.url}${path}`, { ca: tls.cert }, (response) => resolve(text(response))).on('error', reject);
        });
      expect(await fetchText('/')).toBe('<h1>Shoal</h1>');
      const torrent = await fetchText('/models/tiny/shard-0.torrent');
      expect(torrent).toContain(`${server.url.replace('https', 'wss')}/announce`);
      expect(torrent).toContain(`${server.url}/models/tiny/shard-0.gguf`);
      // As a browser whose person has accepted the certificate.
      vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
      const client = await connectClient(server.url, server.peerId);
      expect(String(client.getMultiaddrs()[0])).toContain('/tls/ws/');
      await client.stop();
    } finally {
      await server.stop();
    }
  });
});
