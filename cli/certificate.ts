import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { ShoalError } from '../src/core/errors.ts';

/** PEM texts. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Browsers refuse server certificates that are valid for more than 398 days. */
const VALID_DAYS = 397;
/** A certificate this close to its end is made again, so that it does not end while the server runs. */
const RENEW_BEFORE_DAYS = 30;
const DAY_MS = 86_400_000;

/**
 * The self-signed certificate in `directory`. It is made when there is none, and again when it does not cover one of
 * `hosts` (names or addresses) or ends soon.
 */
export async function selfSignedCertificate(directory: string, hosts: readonly string[]): Promise<Certificate> {
  const paths = { cert: join(directory, 'server.crt'), key: join(directory, 'server-tls.key') };
  const kept = await readPair(paths.cert, paths.key).catch(() => undefined);
  if (kept && isGood(kept, hosts)) return kept;
  const now = Date.now();
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'Shoal' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(now - DAY_MS),
    notAfterDate: new Date(now + (VALID_DAYS - 1) * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: hosts.map((host) => (isIP(host) ? { type: 7, ip: host } : { type: 2, value: host })),
      },
    ],
  });
  await mkdir(directory, { recursive: true });
  await writeFile(paths.key, key, { mode: 0o600 });
  await writeFile(paths.cert, cert);
  return { cert, key };
}

/** @throws ShoalError `bad-request` when a file cannot be read, or they are no certificate and its key */
export async function readCertificate(certFile: string, keyFile: string): Promise<Certificate> {
  try {
    return await readPair(certFile, keyFile);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ShoalError('bad-request', `${certFile} and ${keyFile} are no certificate and its key: ${reason}`, {
      cause,
    });
  }
}

async function readPair(certFile: string, keyFile: string): Promise<Certificate> {
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    throw new Error('The key is of another certificate.');
  return { cert, key };
}

function isGood({ cert }: Certificate, hosts: readonly string[]): boolean {
  const parsed = new X509Certificate(cert);
  const left = new Date(parsed.validTo).getTime() - Date.now();
  return (
    left > RENEW_BEFORE_DAYS * DAY_MS &&
    hosts.every((host) => (isIP(host) ? parsed.checkIP(host) : parsed.checkHost(host)))
  );
}
