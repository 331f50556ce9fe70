import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { ShoalError } from '../../core/errors.ts';
import { type SwarmKeys, sameBytes } from '../../protocol/private-swarm.ts';

/** Version 1 of the gate: the only protocol that an unproven peer may speak. */
export const GATE_PROTOCOL = '/shoal/gate/1';

const NONCE_BYTES = 32;
const MAC_BYTES = 32;
const LABEL = 'shoal gate 1';

/**
 * Two peers show each other that they know a swarm's secret, without telling it. Two requests of the caller, each with
 * its answer:
 *
 * | message | bytes | meaning |
 * |---|---|---|
 * | hello | 1 | 1 |
 * | | 32 | the caller's nonce |
 * | its answer | 32 | the callee's nonce |
 * | | 32 | HMAC of `callee`, both peer ids, both nonces |
 * | proof | 1 | 2 |
 * | | 32 | HMAC of `caller`, both peer ids, both nonces |
 * | | 0 or 64 | the caller's certificate, where it is a member |
 * | its answer | 1 | 1 |
 * | | 0 or 64 | the callee's certificate |
 *
 * The transport vouches for the peer ids. A proof holds for one pair of peers, one direction and one pair of nonces, so
 * one that is recorded, reflected or handed on proves nothing.
 */
export class GateHandshake {
  readonly #keys: SwarmKeys;
  readonly #peerId: string;
  readonly #certificate: Uint8Array;
  /** Nonces of the last hello of each caller, which its proof uses up. */
  readonly #hellos = new Map<string, { readonly caller: Uint8Array; readonly callee: Uint8Array }>();

  /** @param certificate - this peer's own, empty where it is a guest */
  constructor(keys: SwarmKeys, peerId: string, certificate: Uint8Array) {
    this.#keys = keys;
    this.#peerId = peerId;
    this.#certificate = certificate;
  }

  /**
   * The caller's part.
   * @param ask - sends a message of this protocol and gives its answer
   * @returns the peer's certificate
   * @throws ShoalError `not-admitted` when the peer does not know the secret; whatever `ask` throws
   */
  async call(peerId: string, ask: (message: Uint8Array) => Promise<Uint8Array>): Promise<Uint8Array> {
    const caller = newNonce();
    const answer = await ask(concatBytes(Uint8Array.of(1), caller));
    const callee = answer.subarray(0, NONCE_BYTES);
    const expected = this.#mac('callee', this.#peerId, peerId, caller, callee);
    if (!sameBytes(answer.subarray(NONCE_BYTES), expected)) throw notAdmitted(peerId);
    const proof = this.#mac('caller', this.#peerId, peerId, caller, callee);
    return (await ask(concatBytes(Uint8Array.of(2), proof, this.#certificate))).subarray(1);
  }

  /**
   * The callee's part.
   * @param onProven - told when the caller has shown that it knows the secret, before the answer
   * @throws ShoalError `not-admitted`, `bad-request`
   */
  answer(from: string, message: Uint8Array, onProven: (certificate: Uint8Array) => void): Uint8Array {
    if (message[0] === 1 && message.length === 1 + NONCE_BYTES) {
      const nonces = { caller: message.slice(1), callee: newNonce() };
      this.#hellos.set(from, nonces);
      const mac = this.#mac('callee', from, this.#peerId, nonces.caller, nonces.callee);
      return concatBytes(nonces.callee, mac);
    }
    if (message[0] !== 2) throw new ShoalError('bad-request', 'This is no message of the gate.');
    const nonces = this.#hellos.get(from);
    this.#hellos.delete(from);
    if (!nonces) throw notAdmitted(from);
    const expected = this.#mac('caller', from, this.#peerId, nonces.caller, nonces.callee);
    if (!sameBytes(message.subarray(1, 1 + MAC_BYTES), expected)) throw notAdmitted(from);
    onProven(message.slice(1 + MAC_BYTES));
    return concatBytes(Uint8Array.of(1), this.#certificate);
  }

  /** The peer is gone. */
  forget(peerId: string): void {
    this.#hellos.delete(peerId);
  }

  #mac(role: 'caller' | 'callee', caller: string, callee: string, ...nonces: readonly Uint8Array[]): Uint8Array {
    // No peer id holds a zero byte.
    const text = [LABEL, role, caller, callee, ''].join('\0');
    return hmac(sha256, this.#keys.proofKey, concatBytes(utf8ToBytes(text), ...nonces));
  }
}

function newNonce(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
}

function notAdmitted(peerId: string): ShoalError {
  return new ShoalError('not-admitted', `${peerId} has not shown that it belongs to this private swarm.`);
}
