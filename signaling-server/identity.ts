import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import type { PrivateKey } from '@libp2p/interface';
import { ShoalError } from '../src/core/errors.ts';
import { log } from '../src/core/log.ts';

/** Read and written by its owner alone. */
const PRIVATE = 0o600;

/**
 * The server's private key: made once, then read from `path`. Tabs know the server by it, so they find it again after a
 * restart.
 * @throws ShoalError `bad-request` when the file holds no key, or cannot be written
 */
export async function loadIdentity(path: string): Promise<PrivateKey> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  // An empty one is what a full disk leaves.
  if (!bytes?.length) {
    const key = await generateKeyPair('Ed25519');
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(`${path}.new`, privateKeyToProtobuf(key), { mode: PRIVATE });
      await rename(`${path}.new`, path);
    } catch (cause) {
      const { message } = cause as NodeJS.ErrnoException;
      throw new ShoalError(
        'bad-request',
        `The server's key cannot be kept in ${path}: ${message}. Make the folder writable, or name another with --data.`,
        { cause },
      );
    }
    return key;
  }
  await keepPrivate(path);
  try {
    return privateKeyFromProtobuf(bytes);
  } catch (cause) {
    throw new ShoalError('bad-request', `${path} holds no private key. Delete it, and the server makes a new one.`, {
      cause,
    });
  }
}

async function keepPrivate(path: string): Promise<void> {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o777 & ~PRIVATE) !== 0) await chmod(path, PRIVATE);
  } catch (error) {
    log.warn('SERVER', `Others on this machine may be able to read ${path}: ${String(error)}`);
  }
}
