import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { ShoalError } from '../src/core/errors.ts';
import type { ModelSpec } from './catalogue.ts';

/** SHA-256 of a file, hexadecimal. */
export async function fileSha256(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, signal ? { signal } : {})) hash.update(chunk);
  return hash.digest('hex');
}

/** What a file looked like when it was hashed: while this is so, it need not be hashed again. */
async function fingerprint(path: string, { sha256 }: ModelSpec): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  return JSON.stringify({ sizeBytes: size, mtimeMs, sha256 });
}

/**
 * Checks a model file's SHA-256, once: a stamp (`.ok` beside the file) remembers it until the file changes.
 * @throws ShoalError `hash-mismatch`
 */
export async function verifyModel(path: string, model: ModelSpec, signal?: AbortSignal): Promise<void> {
  const stampPath = `${path}.ok`;
  const stamp = await readFile(stampPath, 'utf8').catch(() => '');
  if (stamp === (await fingerprint(path, model))) return;
  await checkHash(path, model, signal);
  // Where nothing can be written, it is hashed again the next time.
  await writeFile(stampPath, await fingerprint(path, model)).catch(() => {});
}

/** @throws ShoalError `hash-mismatch` */
export async function checkHash(path: string, { sizeBytes, sha256 }: ModelSpec, signal?: AbortSignal): Promise<void> {
  const { size } = await stat(path);
  if (size !== sizeBytes) throw new ShoalError('hash-mismatch', `it has ${size} bytes, expected ${sizeBytes}`);
  const found = await fileSha256(path, signal);
  if (found !== sha256) throw new ShoalError('hash-mismatch', `its SHA-256 is ${found}, expected ${sha256}`);
}
