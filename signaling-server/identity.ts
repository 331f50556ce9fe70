import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import type { PrivateKey } from '@libp2p/interface';
import { ShoalError } from '../src/core/errors.ts';
import { readPrivateFile, writePrivateFile } from './private-file.ts';

/**
 * The server's private key: made once, then read from `path`. Tabs know the server by it, so they find it again after a
 * restart.
 * @throws ShoalError `bad-request` when the file holds no key, or cannot be written
 */
export async function loadIdentity(path: string): Promise<PrivateKey> {
  const bytes = await readPrivateFile(path);
  // An empty one is what a full disk leaves.
  if (!bytes?.length) {
    const key = await generateKeyPair('Ed25519');
    await writePrivateFile(path, privateKeyToProtobuf(key));
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
