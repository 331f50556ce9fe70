import { generateKeyPair, privateKeyFromRaw } from '@libp2p/crypto/keys';
import type { PrivateKey } from '@libp2p/interface';

/** What WebCrypto exports of an Ed25519 key pair. @see RFC 8037, section 2 */
interface Ed25519Jwk {
  /** The private key, base64url. */
  readonly d: string;
  /** The public key, base64url. */
  readonly x: string;
}

/**
 * A new identity. libp2p computes the public key in JavaScript, which holds the page for 50 ms at the worst moment; the
 * browser does it beside the page, where it knows the curve.
 */
export async function createIdentity(): Promise<PrivateKey> {
  try {
    const { privateKey } = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
    const { d, x } = (await crypto.subtle.exportKey('jwk', privateKey)) as Ed25519Jwk;
    return privateKeyFromRaw(new Uint8Array([...fromBase64Url(d), ...fromBase64Url(x)]));
  } catch {
    return generateKeyPair('Ed25519');
  }
}

function fromBase64Url(text: string): Uint8Array {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}
