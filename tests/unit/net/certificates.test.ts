import { describe, expect, it } from 'vitest';
import { Certificates } from '../../../src/net/gate/certificates.ts';
import { createSecret, deriveKeys } from '../../../src/protocol/private-swarm.ts';

const keys = deriveKeys(createSecret());
const right = keys.certify('a')!;
const wrong = new Uint8Array(64);

describe('certificates', () => {
  it('are taken once they are right, whatever came before, and stay', () => {
    const certificates = new Certificates(keys);
    for (const offered of [wrong, right.slice(0, 1), new Uint8Array(), keys.certify('b')!]) {
      certificates.offer('a', offered);
      expect(certificates.isMember('a')).toBe(false);
    }
    for (const offered of [right, wrong, new Uint8Array()]) {
      certificates.offer('a', offered);
      expect(certificates.isMember('a')).toBe(true);
    }
    expect(certificates.isMember('b')).toBe(false);
  });

  it('are kept for as many peers as a tab knows, the oldest go first', () => {
    const certificates = new Certificates(keys);
    certificates.offer('a', right);
    for (let index = 0; index < 4096; index++) certificates.offer(`${index}`, wrong);
    expect(certificates.isMember('a')).toBe(false);
    certificates.offer('a', right);
    expect(certificates.isMember('a')).toBe(true);
  });
});
