import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { SwarmKeys } from '../../protocol/private-swarm.ts';

const NONCE_BYTES = 24;
const CERTIFICATE_BYTES = 64;

/** A message of the gossip, and the author's certificate where it says that it is a member. */
export interface OpenedMessage {
  readonly certificate: Uint8Array;
  readonly message: Uint8Array;
}

/**
 * Seals a message for those who know the secret:
 *
 * | bytes | meaning |
 * |---|---|
 * | 24 | random nonce |
 * | the rest | XChaCha20-Poly1305, bound to the author and the topic, of: the certificate's length (1 byte), it, the message |
 */
export function seal(
  { gossipKey }: SwarmKeys,
  author: string,
  topic: string,
  { certificate, message }: OpenedMessage,
): Uint8Array {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const plain = concatBytes(Uint8Array.of(certificate.length), certificate, message);
  return concatBytes(nonce, xchacha20poly1305(gossipKey, nonce, boundTo(author, topic)).encrypt(plain));
}

/** @returns undefined when somebody made it who does not know the secret, or for another author or topic */
export function open(
  { gossipKey }: SwarmKeys,
  author: string,
  topic: string,
  sealed: Uint8Array,
): OpenedMessage | undefined {
  if (sealed.length <= NONCE_BYTES) return undefined;
  const nonce = sealed.subarray(0, NONCE_BYTES);
  try {
    const plain = xchacha20poly1305(gossipKey, nonce, boundTo(author, topic)).decrypt(sealed.subarray(NONCE_BYTES));
    const end = 1 + (plain[0] ?? 0);
    if (end !== 1 && end !== 1 + CERTIFICATE_BYTES) return undefined;
    return { certificate: plain.slice(1, end), message: plain.slice(end) };
  } catch {
    return undefined;
  }
}

function boundTo(author: string, topic: string): Uint8Array {
  return utf8ToBytes(`${author}\0${topic}`);
}
