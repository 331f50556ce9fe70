import { ed25519 } from '@noble/curves/ed25519.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { toHex } from '../core/bytes.ts';
import { ShoalError } from '../core/errors.ts';

/** Bytes of a member's secret: out of reach of guessing. */
export const SECRET_BYTES = 32;
/** A guest's secret: what members share with guests, and the key by which a guest knows a member. */
const GUEST_SECRET_BYTES = 2 * SECRET_BYTES;

const KEY_BYTES = 32;
const CERTIFICATE_BYTES = 64;
/** Other versions of the derivation are other swarms. */
const LABEL = 'shoal private swarm 1';

/**
 * What makes somebody part of a private swarm, as it travels in a link's fragment: base64url, 43 characters for a member
 * and 86 for a guest, who may ask and not serve.
 */
export type SwarmSecret = string;

/** What follows from a secret; guests and members of one swarm have the same, but for `certify`. */
export interface SwarmKeys {
  readonly role: 'member' | 'guest';
  /** By which outsiders know the swarm, 64 hexadecimal digits: nothing follows from it. */
  readonly name: string;
  /** Proofs between peers, see `GateHandshake`. */
  readonly proofKey: Uint8Array;
  /** Seals gossip. */
  readonly gossipKey: Uint8Array;
  /** Proofs towards a server that has the secret. */
  readonly serverKey: Uint8Array;
  /** Names of what outsiders see, as topics. */
  outsideName(inside: string): string;
  /** A member's certificate for a peer id; undefined for guests. */
  certify(peerId: string): Uint8Array | undefined;
  /** Whether the certificate is a member's, of this very peer. */
  isMember(peerId: string, certificate: Uint8Array): boolean;
}

export function createSecret(): SwarmSecret {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
}

/** @throws ShoalError `bad-request` unless it is a member's or a guest's secret */
export function deriveKeys(secret: SwarmSecret): SwarmKeys {
  const bytes = fromBase64Url(secret);
  if (bytes?.length === SECRET_BYTES) return memberKeys(bytes);
  if (bytes?.length === GUEST_SECRET_BYTES) {
    return sharedKeys(bytes.subarray(0, KEY_BYTES), bytes.subarray(KEY_BYTES), undefined);
  }
  throw new ShoalError('bad-request', "The link's secret is damaged. Copy the whole link, and open it again.");
}

/** The secret that lets others ask, not serve. A guest's own is its own. @throws ShoalError as `deriveKeys` */
export function guestSecretOf(secret: SwarmSecret): SwarmSecret {
  const bytes = fromBase64Url(secret);
  if (bytes?.length !== SECRET_BYTES) return secret;
  const { shared, seed } = memberParts(bytes);
  return toBase64Url(concatBytes(shared, ed25519.getPublicKey(seed)));
}

/** Constant in time for one length. */
export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (const [index, byte] of one.entries()) difference |= byte ^ other[index]!;
  return difference === 0;
}

/** The proof that a client knows the secret which the server has too: for this challenge of the server alone. */
export function serverProof({ serverKey }: SwarmKeys, challenge: string): string {
  return toHex(hmac(sha256, serverKey, utf8ToBytes(challenge)));
}

function memberKeys(secret: Uint8Array): SwarmKeys {
  const { shared, seed } = memberParts(secret);
  return sharedKeys(shared, ed25519.getPublicKey(seed), seed);
}

function memberParts(secret: Uint8Array): { readonly shared: Uint8Array; readonly seed: Uint8Array } {
  return { shared: derive(secret, 'guest'), seed: derive(secret, 'member') };
}

function sharedKeys(shared: Uint8Array, publicKey: Uint8Array, seed: Uint8Array | undefined): SwarmKeys {
  // Bound to the members' key: another one makes another swarm.
  const root = concatBytes(shared, publicKey);
  const nameKey = derive(root, 'names');
  return {
    role: seed ? 'member' : 'guest',
    name: toHex(derive(root, 'name')),
    proofKey: derive(root, 'proof'),
    gossipKey: derive(root, 'gossip'),
    serverKey: derive(root, 'server'),
    outsideName: (inside) => toHex(hmac(sha256, nameKey, utf8ToBytes(inside))),
    certify: (peerId) => (seed ? ed25519.sign(certified(peerId), seed) : undefined),
    isMember: (peerId, certificate) => {
      if (certificate.length !== CERTIFICATE_BYTES) return false;
      try {
        return ed25519.verify(certificate, certified(peerId), publicKey);
      } catch {
        return false;
      }
    },
  };
}

function certified(peerId: string): Uint8Array {
  return utf8ToBytes(`${LABEL} member ${peerId}`);
}

function derive(key: Uint8Array, use: string): Uint8Array {
  return hkdf(sha256, key, utf8ToBytes(LABEL), utf8ToBytes(use), KEY_BYTES);
}

function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

function fromBase64Url(text: string): Uint8Array | undefined {
  if (!/^[\w-]{1,128}$/.test(text)) return undefined;
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
  } catch {
    return undefined;
  }
}
