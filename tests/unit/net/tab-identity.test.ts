import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { afterEach, expect, it, vi } from 'vitest';
import { createIdentity } from '../../../src/net/libp2p/tab-identity.ts';

afterEach(() => vi.restoreAllMocks());

it("is the browser's own key in libp2p's form", async () => {
  const key = await createIdentity();
  const same = await generateKeyPairFromSeed('Ed25519', key.raw.subarray(0, 32));
  expect(key.publicKey.equals(same.publicKey)).toBe(true);
  expect(await key.publicKey.verify(new Uint8Array([1]), await key.sign(new Uint8Array([1])))).toBe(true);
});

it('is made by libp2p where the browser does not know the curve', async () => {
  vi.spyOn(crypto.subtle, 'generateKey').mockRejectedValue(new DOMException('no such curve', 'NotSupportedError'));
  const [one, other] = [await createIdentity(), await createIdentity()];
  expect(one.type).toBe('Ed25519');
  expect(one.equals(other)).toBe(false);
});
