import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import type { PrivateKey } from '@libp2p/interface';
import { ShoalError } from '../src/core/errors.ts';

/**
 * The server's private key: made once, then read from `path`. Tabs know the server by it, so they find it again after a
 * restart.
 * @throws ShoalError `bad-request` when the file holds no key
 */
export async function loadIdentity(path: string): Promise<PrivateKey> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!bytes) {
    const key = await generateKeyPair('Ed25519');
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, privateKeyToProtobuf(key), { mode: 0o600 });
    return key;
  }
  try {
    return privateKeyFromProtobuf(bytes);
  } catch (cause) {
    throw new ShoalError('bad-request', `${path} holds no private key. Delete it, and the server makes a new one.`, {
      cause,
    });
  }
}
