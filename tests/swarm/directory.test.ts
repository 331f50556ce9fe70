import { afterEach, describe, expect, it, vi } from 'vitest';
import { MemoryNetwork } from '../../src/net/memory/memory-transport.ts';
import type { Directory, Transport } from '../../src/net/transport.ts';
import { manifestKey, shardRecordKey } from '../../src/protocol/directory.ts';
import { DIRECTORY_PROTOCOL } from '../../src/protocol/directory-exchange.ts';
import type { Manifest } from '../../src/protocol/manifest.ts';
import { RENEWAL_MS, ShardRegistry } from '../../src/swarm/members/shard-registry.ts';

const MANIFEST_ID = 'a'.repeat(64);
const shards = [0, 1].map((index) => ({
  index,
  fileName: `shard-${index}.gguf`,
  infoHash: String(index).repeat(40),
  sizeBytes: 1000 + index,
}));
/** As much of a manifest as a registry reads. */
const manifest = { shards } as unknown as Manifest;
const key = shardRecordKey(MANIFEST_ID, 0);

afterEach(() => vi.useRealTimers());

function membersOf(network: MemoryNetwork, count: number): Transport[] {
  return Array.from({ length: count }, () => network.createTransport());
}

function registryOf({ directory }: { readonly directory: Directory }): ShardRegistry {
  return new ShardRegistry(directory, manifest, MANIFEST_ID);
}

const registerAll = (registry: ShardRegistry) => registry.register(manifest.shards);

/** Sends what no honest tab would. */
function send(from: Transport, to: Transport, message: unknown): Promise<Uint8Array> {
  return from.request(to.peerId, DIRECTORY_PROTOCOL, new TextEncoder().encode(JSON.stringify(message)));
}

const falseRecord = JSON.stringify({ infoHash: 'f'.repeat(40), fileName: 'shard-0.gguf', sizeBytes: 1000 });

describe('the directory among tabs', () => {
  it('finds shards without the server, also those of a neighbour’s neighbour', async () => {
    const network = new MemoryNetwork();
    const [a, b, c] = membersOf(network, 3) as [Transport, Transport, Transport];
    await a.connect(b.peerId);
    await b.connect(c.peerId);
    network.server.stop();
    const registry = registryOf(a);
    await registerAll(registry);
    for (const member of [b, c]) {
      expect(await registryOf(member).find(0)).toEqual({
        infoHash: shards[0]!.infoHash,
        fileName: 'shard-0.gguf',
        sizeBytes: 1000,
        holders: [a.peerId],
      });
    }
  });

  it('tells a tab that connects later, and forgets a tab that is gone', async () => {
    const network = new MemoryNetwork();
    const [a, b, c] = membersOf(network, 3) as [Transport, Transport, Transport];
    await a.connect(b.peerId);
    await registerAll(registryOf(a));
    await c.connect(b.peerId);
    await c.connect(a.peerId);
    network.server.stop();
    expect((await registryOf(c).find(1)).holders).toEqual([a.peerId]);
    await a.close();
    await vi.waitFor(() => expect(c.peers()).toEqual([b.peerId]));
    await expect(registryOf(c).find(1)).rejects.toMatchObject({ code: 'shard-missing' });
  });

  it('names the holders of the manifest', async () => {
    const network = new MemoryNetwork();
    const [a, b] = membersOf(network, 2) as [Transport, Transport];
    await registerAll(registryOf(a));
    expect(await b.directory.findProviders(manifestKey(MANIFEST_ID))).toEqual([a.peerId]);
    await a.connect(b.peerId);
    network.server.stop();
    expect(await b.directory.findProviders(manifestKey(MANIFEST_ID))).toEqual([a.peerId]);
  });

  it('passes a false record over where a true one is known, and says so where none is', async () => {
    const network = new MemoryNetwork();
    const [honest, liar, seeker] = membersOf(network, 3) as [Transport, Transport, Transport];
    for (const member of [honest, liar]) await member.connect(seeker.peerId);
    network.server.stop();
    await send(liar, seeker, { tell: [{ key, record: falseRecord, holds: true }] });
    await expect(registryOf(seeker).find(0)).rejects.toMatchObject({ code: 'bad-manifest' });
    await registerAll(registryOf(honest));
    expect((await registryOf(seeker).find(0)).infoHash).toBe(shards[0]!.infoHash);
  });

  it('finds the true record behind those of twenty liars who came first', async () => {
    const network = new MemoryNetwork();
    const [honest, seeker, ...liars] = membersOf(network, 22) as [Transport, Transport, ...Transport[]];
    for (const [index, liar] of liars.entries()) {
      await liar.connect(seeker.peerId);
      const record = falseRecord.replace('1000', String(1000 + index));
      await send(liar, seeker, { tell: [{ key, record, holds: true }] });
    }
    await honest.connect(seeker.peerId);
    network.server.stop();
    await registerAll(registryOf(honest));
    // What a tab has been told is enough: of many connected ones a look-up asks some.
    for (const other of [honest, ...liars]) other.handleRequests(DIRECTORY_PROTOCOL, () => Promise.reject(new Error()));
    const found = await registryOf(seeker).find(0);
    expect(found.infoHash).toBe(shards[0]!.infoHash);
    expect(found.holders).toContain(honest.peerId);
  });

  it('passes a thousand false records over in one line of the log', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    const truth = JSON.stringify({ infoHash: shards[0]!.infoHash, fileName: 'shard-0.gguf', sizeBytes: 1000 });
    const records = [...Array.from({ length: 1000 }, (_, lie) => falseRecord.replace('1000', String(lie + 1))), truth];
    const flooded = (served: readonly string[]): Directory => ({
      put: async () => undefined,
      provide: async () => undefined,
      get: async (_key, { accept = () => true } = {}) =>
        served.map((each) => new TextEncoder().encode(each)).find(accept),
      findProviders: async () => [],
    });
    expect((await registryOf({ directory: flooded(records) }).find(0)).infoHash).toBe(shards[0]!.infoHash);
    expect(warn).toHaveBeenCalledOnce();
    await expect(registryOf({ directory: flooded(records.slice(0, 1000)) }).find(0)).rejects.toMatchObject({
      code: 'bad-manifest',
    });
    warn.mockRestore();
  });

  it('lets nobody register another', async () => {
    const network = new MemoryNetwork();
    const [liar, seeker] = membersOf(network, 2) as [Transport, Transport];
    await liar.connect(seeker.peerId);
    network.server.stop();
    const record = JSON.stringify({ infoHash: shards[0]!.infoHash, fileName: 'shard-0.gguf', sizeBytes: 1000 });
    await expect(
      send(liar, seeker, { tell: [{ key, record, holds: true, peerId: 'somebody' }] }),
    ).rejects.toMatchObject({ code: 'peer-gone' });
    await send(liar, seeker, { tell: [{ key, record, holds: true }] });
    expect((await registryOf(seeker).find(0)).holders).toEqual([liar.peerId]);
  });

  it.each<[string, unknown]>([
    ['no request', {}],
    ['a key of another kind', { find: '/pk/x' }],
    [
      'a record of another shard',
      { tell: [{ key: shardRecordKey(MANIFEST_ID, 1), record: falseRecord, holds: true }] },
    ],
    ['a record under the manifest', { tell: [{ key: manifestKey(MANIFEST_ID), record: falseRecord, holds: true }] }],
    ['a long record', { tell: [{ key, record: falseRecord.padEnd(600), holds: true }] }],
    ['more entries than a message may have', { tell: Array(257).fill({ key, record: null, holds: true }) }],
  ])('refuses %s', async (_name, message) => {
    const network = new MemoryNetwork();
    const [a, b] = membersOf(network, 2) as [Transport, Transport];
    await expect(send(a, b, message)).rejects.toMatchObject({ code: 'peer-gone' });
  });

  it('keeps no more keys of one tab than a manifest can have', async () => {
    const network = new MemoryNetwork();
    const [a, b] = membersOf(network, 2) as [Transport, Transport];
    const keys = Array.from({ length: 2100 }, (_, index) => shardRecordKey(MANIFEST_ID, index));
    const tell = (some: string[]) => send(a, b, { tell: some.map((key) => ({ key, record: null, holds: true })) });
    for (let start = 0; start < 2048; start += 256) await tell(keys.slice(start, start + 256));
    await expect(tell(keys.slice(2048))).rejects.toMatchObject({ code: 'peer-gone' });
  });
});

describe('the registration', () => {
  it('is renewed, and repeated when the server has been away', async () => {
    vi.useFakeTimers();
    const network = new MemoryNetwork();
    const transport = network.createTransport();
    const registry = registryOf(transport);
    const holders = () => network.server.providers.get(key)?.size ?? 0;
    const registered = registerAll(registry);
    await vi.advanceTimersByTimeAsync(10);
    await registered;
    expect(holders()).toBe(1);
    // The server drops what is old.
    network.server.providers.clear();
    await vi.advanceTimersByTimeAsync(RENEWAL_MS + 10);
    expect(holders()).toBe(1);
    expect(network.server.providers.get(manifestKey(MANIFEST_ID))?.size).toBe(1);
    registry.close();
    network.server.providers.clear();
    await vi.advanceTimersByTimeAsync(2 * RENEWAL_MS);
    expect(holders()).toBe(0);
  });

  it('that nobody takes is tried again until somebody does', async () => {
    vi.useFakeTimers();
    const network = new MemoryNetwork();
    const [a, b] = membersOf(network, 2) as [Transport, Transport];
    network.server.stop();
    const registry = registryOf(a);
    const registered = registerAll(registry);
    await vi.advanceTimersByTimeAsync(10);
    await registered;
    network.server.start();
    await vi.advanceTimersByTimeAsync(6000);
    const found = registryOf(b).find(0);
    await vi.advanceTimersByTimeAsync(10);
    expect((await found).holders).toEqual([a.peerId]);
    registry.close();
  });
});
