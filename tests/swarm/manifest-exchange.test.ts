import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { MemoryNetwork } from '../../src/net/memory/memory-transport.ts';
import { manifestKey } from '../../src/protocol/directory.ts';
import { encodeManifestPart, MANIFEST_PROTOCOL, MAX_MANIFEST_BYTES } from '../../src/protocol/manifest-exchange.ts';
import { fetchManifest, serveManifest } from '../../src/swarm/members/manifest-exchange.ts';

/** Three parts: as long as a manifest of a thousand shards. */
const bytes = new TextEncoder().encode('{"name": "shard"}\n'.repeat(26_000));
const manifestId = createHash('sha256').update(bytes).digest('hex');

function holderOn(network: MemoryNetwork) {
  const transport = network.createTransport();
  void transport.directory.provide(manifestKey(manifestId));
  return transport;
}

describe('the manifest', () => {
  it('comes from a tab that the directory names, whatever its size', async () => {
    const network = new MemoryNetwork();
    serveManifest(holderOn(network), manifestId, bytes);
    const found = await fetchManifest(network.createTransport(), manifestId);
    expect(Buffer.compare(found, bytes)).toBe(0);
  });

  it.each<[string, (request: Uint8Array) => Promise<Uint8Array>]>([
    ['gives another', async () => encodeManifestPart({ totalBytes: 4, bytes: bytes.subarray(0, 4) })],
    ['gives more than it said', async () => encodeManifestPart({ totalBytes: 4, bytes: bytes.subarray(0, 8) })],
    ['says it is huge', async () => encodeManifestPart({ totalBytes: MAX_MANIFEST_BYTES + 1, bytes })],
    ['gives nothing', async () => new Uint8Array(4)],
    ['fails', () => Promise.reject(new Error('no'))],
  ])('comes from another holder when one %s', async (_name, answer) => {
    const network = new MemoryNetwork();
    let lies = 0;
    holderOn(network).handleRequests(MANIFEST_PROTOCOL, async (_from, request) => {
      lies++;
      return (await answer(request)).slice(0, 200_000);
    });
    serveManifest(holderOn(network), manifestId, bytes);
    // Whom a seeker asks first is chance: among so many, some ask the liar.
    for (let seeker = 0; seeker < 24; seeker++) {
      const found = await fetchManifest(network.createTransport(), manifestId);
      expect(Buffer.compare(found, bytes)).toBe(0);
    }
    expect(lies).toBeGreaterThan(0);
  });

  it('is missed in the end when nobody has it', async () => {
    vi.useFakeTimers();
    const network = new MemoryNetwork();
    const missing = expect(fetchManifest(network.createTransport(), manifestId)).rejects.toMatchObject({
      code: 'model-unavailable',
    });
    await vi.advanceTimersByTimeAsync(30_000);
    await missing;
    vi.useRealTimers();
  });

  it('is not asked for under another name', async () => {
    const network = new MemoryNetwork();
    const holder = holderOn(network);
    serveManifest(holder, manifestId, bytes);
    const ask = (request: unknown) =>
      network
        .createTransport()
        .request(holder.peerId, MANIFEST_PROTOCOL, new TextEncoder().encode(JSON.stringify(request)));
    const refused = { code: 'peer-gone' };
    await expect(ask({ manifest: 'b'.repeat(64), offset: 0 })).rejects.toMatchObject(refused);
    await expect(ask({ manifest: manifestId, offset: bytes.length })).rejects.toMatchObject(refused);
    await expect(ask({ manifest: manifestId, offset: -1 })).rejects.toMatchObject(refused);
  });
});
