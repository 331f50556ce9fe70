import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys';
import type { PeerId, PeerInfo } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadIdentity } from '../../../signaling-server/identity.ts';
import {
  KNOWN_AFTER_LEAVING_MS,
  MAX_SOCKETS,
  MAX_TAB_ADDRESSES,
  PRESENCE_BURST,
  PRESENCES_PER_SECOND,
  PROVIDER_SWEEP_MS,
  PROVIDER_VALIDITY_MS,
} from '../../../signaling-server/limits.ts';
import { RecentPeers } from '../../../signaling-server/recent-peers.ts';
import {
  DHT_PROTOCOL,
  manifestKey,
  presenceTopic,
  providerCid,
  shardRecordKey,
} from '../../../src/protocol/directory.ts';
import { relayMultiaddr } from '../../../src/protocol/server-config.ts';
import { connectClient, type Libp2pClient } from '../../support/libp2p-client.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const PATIENCE = { timeout: 10_000 };

let server: TestServer;
let clients: Libp2pClient[];
beforeEach(async () => {
  server = await startTestServer();
  clients = [];
});
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(clients.map((client) => client.stop()));
  await server.stop();
});

async function connect(): Promise<Libp2pClient> {
  const client = await connectClient(server.url, server.peerId);
  clients.push(client);
  return client;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const recordKey = (index: number, manifestId = server.model.manifestId) => shardRecordKey(manifestId, index);
const record = (index: number) => {
  const { infoHash, fileName, sizeBytes } = server.model.manifest.shards[index]!;
  return { infoHash, fileName, sizeBytes };
};

/** Names of the events of a DHT query that ended. */
async function eventsOf(query: AsyncIterable<{ readonly name: string }>): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of query) names.push(name);
  return names;
}

/** Whom the DHT names for a key, as a tab sees it. */
async function holdersOf({ services: { dht } }: Libp2pClient, key: string): Promise<string[]> {
  const holders = new Set<string>();
  for await (const event of dht.findProviders(await providerCid(key))) {
    if (event.name === 'PROVIDER') for (const { id } of event.providers) holders.add(id.toString());
  }
  return [...holders];
}

describe('the relay', () => {
  it('gives forty tabs a place each, on the server’s own port, and introduces the last as the first', async () => {
    const joined: Libp2pClient[] = [];
    // One after the other, so that each has its number; the last ones at once.
    while (joined.length < 30) joined.push(await connect());
    joined.push(...(await Promise.all(Array.from({ length: 10 }, connect))));
    expect(await server.metric('shoal_relay_reservations')).toBe(40);
    expect(await server.metric('shoal_relay_connections')).toBe(40);
    const { port } = new URL(server.url);
    for (const client of joined) {
      expect(client.getMultiaddrs().map(String)).toEqual([
        `/ip4/127.0.0.1/tcp/${port}/ws/p2p/${server.peerId}/p2p-circuit/p2p/${client.peerId}`,
      ]);
    }
    const [first, ...others] = [joined[0]!, joined[15]!, joined[39]!];
    for (const client of [first, ...others]) await client.handle('/test/1', () => {}, { runOnLimitedConnection: true });
    for (const client of others) {
      const connection = await first.dial(client.getMultiaddrs()[0]!);
      expect(connection.remotePeer.toString()).toBe(client.peerId.toString());
      await connection.newStream('/test/1', { runOnLimitedConnection: true });
    }
    await first.stop();
    await expect.poll(() => server.metric('shoal_relay_reservations'), PATIENCE).toBe(39);
  });

  it('carries an introduction between two tabs, and no more', async () => {
    const [a, b] = await Promise.all([connect(), connect()]);
    const received = Promise.withResolvers<number>();
    await b.handle(
      '/test/1',
      (stream) => {
        let count = 0;
        stream.addEventListener('message', ({ data }) => {
          count += data.byteLength;
          if (count === 5000) received.resolve(count);
        });
      },
      { runOnLimitedConnection: true },
    );
    const address = multiaddr(`${relayMultiaddr({ peerId: server.peerId }, server.url)}/p2p-circuit/p2p/${b.peerId}`);
    const connection = await a.dial(address);
    expect(connection.limits?.bytes).toBeLessThanOrEqual(128n * 1024n);
    const stream = await connection.newStream('/test/1', { runOnLimitedConnection: true });
    stream.send(new Uint8Array(5000));
    expect(await received.promise).toBe(5000);
    const closed = new Promise((resolve) => stream.addEventListener('close', resolve, { once: true }));
    for (let i = 0; i < 40 && stream.status === 'open'; i++) stream.send(new Uint8Array(10_000));
    await closed;
  });

  it('keeps its peer id and forgets its table over a restart', async () => {
    const { peerId } = server;
    const keyFile = join(server.folder, 'server.key');
    expect((await stat(keyFile)).mode & 0o077).toBe(0);
    server = await server.restart();
    expect(server.peerId).toBe(peerId);
    await connect();
    const key = await readFile(keyFile);
    await writeFile(keyFile, 'no key');
    await expect(server.restart()).rejects.toMatchObject({
      code: 'bad-request',
      message: expect.stringContaining('server.key'),
    });
    await writeFile(keyFile, key);
  });

  it('makes a new key in place of an empty one, and keeps an old one from others', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-key-'));
    const keyFile = join(folder, 'server.key');
    await writeFile(keyFile, '');
    const key = await loadIdentity(keyFile);
    await chmod(keyFile, 0o644);
    expect((await loadIdentity(keyFile)).equals(key)).toBe(true);
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['server.key']);
    await rm(folder, { recursive: true });
  });
});

describe('the DHT', () => {
  it('keeps records and providers between tabs', async () => {
    const [a, b] = await Promise.all([connect(), connect()]);
    const key = bytes(recordKey(2));
    await eventsOf(a.services.dht.put(key, bytes(JSON.stringify(record(2)))));
    const found: unknown[] = [];
    for await (const event of b.services.dht.get(key)) {
      if (event.name === 'VALUE') found.push(JSON.parse(new TextDecoder().decode(event.value)));
    }
    expect(found[0]).toEqual(record(2));
    await eventsOf(a.services.dht.provide(await providerCid(recordKey(2))));
    expect(await holdersOf(b, recordKey(2))).toEqual([a.peerId.toString()]);
    expect(await server.metric('shoal_dht_providers')).toBe(1);
  });

  it.each<[string, () => readonly [key: string, value: string]]>([
    ['of another swarm', () => [recordKey(0, 'ab'.repeat(32)), JSON.stringify(record(0))]],
    ['of another shard', () => [recordKey(0), JSON.stringify(record(1))]],
    ['of no shard', () => [recordKey(9), JSON.stringify({ ...record(1), fileName: 'shard-9.gguf' })]],
    ['with a false info hash', () => [recordKey(0), JSON.stringify({ ...record(0), infoHash: 'ab'.repeat(20) })]],
    ['with more in it', () => [recordKey(0), JSON.stringify({ ...record(0), more: 1 })]],
    ['that is long', () => [recordKey(0), JSON.stringify(record(0)).padEnd(600)]],
    ['that is no JSON', () => [recordKey(0), 'record']],
    ['under another key', () => ['/shoal/x', JSON.stringify(record(0))]],
    ['under the manifest’s key', () => [manifestKey(server.model.manifestId), JSON.stringify(record(0))]],
    ['in another namespace', () => ['/pk/x', JSON.stringify(record(0))]],
  ])('refuses a record %s', async (_name, make) => {
    const [client, other] = await Promise.all([connect(), connect()]);
    const [key, value] = make();
    const names = await eventsOf(client.services.dht.put(bytes(key), bytes(value))).catch(() => ['QUERY_ERROR']);
    expect(names).toContain('QUERY_ERROR');
    const values = await eventsOf(other.services.dht.get(bytes(key))).catch(() => []);
    expect(values).not.toContain('VALUE');
  });

  it('keeps no public keys, of which anyone can make any number', async () => {
    const [client, other] = await Promise.all([connect(), connect()]);
    const { publicKey } = await generateKeyPair('Ed25519');
    const key = Buffer.concat([bytes('/pk/'), publicKey.toMultihash().bytes]);
    expect(await eventsOf(client.services.dht.put(key, publicKeyToProtobuf(publicKey)))).toContain('QUERY_ERROR');
    expect(await eventsOf(other.services.dht.get(key)).catch(() => [])).not.toContain('VALUE');
  });

  it('forgets the holders that left at once', async () => {
    const [stays, leaves] = await Promise.all([connect(), connect()]);
    const cid = await providerCid(recordKey(1));
    for (const { services } of [stays, leaves]) await eventsOf(services.dht.provide(cid));
    await expect.poll(() => server.metric('shoal_dht_providers'), PATIENCE).toBe(2);
    await leaves.stop();
    await expect.poll(() => server.metric('shoal_dht_providers'), PATIENCE).toBe(1);
    expect(await holdersOf(await connect(), recordKey(1))).toEqual([stays.peerId.toString()]);
  });

  it('registers holders of a served manifest and its shards, and of nothing else', async () => {
    const client = await connect();
    const { manifestId } = server.model;
    const keys = ['anything', manifestKey('ab'.repeat(32)), manifestKey(manifestId), recordKey(1)];
    for (const key of keys) await eventsOf(client.services.dht.provide(await providerCid(key)));
    await expect.poll(() => server.metric('shoal_dht_providers'), PATIENCE).toBe(2);
  });

  it('names holders for as long as they renew their registration, and no longer', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
    server = await server.restart();
    const [holder, seeker] = [await connect(), await connect()];
    const provide = async () => eventsOf(holder.services.dht.provide(await providerCid(recordKey(1))));
    await provide();
    for (const renewed of [true, false]) {
      vi.setSystemTime(Date.now() + PROVIDER_VALIDITY_MS - 60_000);
      expect(await holdersOf(seeker, recordKey(1))).toEqual([holder.peerId.toString()]);
      if (renewed) await provide();
    }
    vi.setSystemTime(Date.now() + 120_000);
    vi.advanceTimersByTime(PROVIDER_SWEEP_MS);
    vi.useRealTimers();
    await expect.poll(() => server.metric('shoal_dht_providers'), PATIENCE).toBe(0);
    expect(await holdersOf(seeker, recordKey(1))).toEqual([]);
  });

  it('has a table of one size under a flood: a tab stands for itself, with some addresses', async () => {
    const [flooder, seeker] = [await connect(), await connect()];
    const names = await Promise.all(
      Array.from({ length: 50 }, async () => peerIdFromPrivateKey(await generateKeyPair('Ed25519'))),
    );
    const flood = async (key: string) => {
      const stream = await flooder.getConnections()[0]!.newStream(DHT_PROTOCOL);
      const { bytes: cid } = await providerCid(key);
      for (let round = 0; round < 20; round++) {
        const addresses = Array.from({ length: 50 }, (_, i) => multiaddr(`/ip4/192.0.2.${round}/tcp/${1000 + i}/ws`));
        stream.send(addProvider(cid, [...names, flooder.peerId], addresses));
      }
      await stream.close();
    };
    for (const key of [recordKey(0), recordKey(1), 'anything']) await flood(key).catch(() => {});
    await expect.poll(() => server.metric('shoal_dht_providers'), PATIENCE).toBe(2);
    const named: PeerInfo[] = [];
    for await (const event of seeker.services.dht.findProviders(await providerCid(recordKey(0)))) {
      if (event.name === 'PROVIDER') named.push(...event.providers);
    }
    expect(named.map(({ id }) => id.toString())).toEqual([flooder.peerId.toString()]);
    expect(named[0]!.multiaddrs.length).toBeLessThanOrEqual(MAX_TAB_ADDRESSES);
    expect(named[0]!.multiaddrs.length).toBeGreaterThan(0);
    await eventsOf(flooder.services.dht.provide(await providerCid(recordKey(2))));
    expect(await holdersOf(seeker, recordKey(2))).toEqual([flooder.peerId.toString()]);
  });
});

/** A message of kad-dht that registers holders, with its length before it. @see https://github.com/libp2p/specs/tree/master/kad-dht */
function addProvider(cid: Uint8Array, holders: readonly PeerId[], addresses: readonly Multiaddr[]): Uint8Array {
  const field = (number: number, value: Uint8Array) =>
    Buffer.concat([varint((number << 3) | 2), varint(value.length), value]);
  const providers = holders.map((id) =>
    field(9, Buffer.concat([field(1, id.toMultihash().bytes), ...addresses.map((address) => field(2, address.bytes))])),
  );
  const message = Buffer.concat([Buffer.from([(1 << 3) | 0, 2]), field(2, cid), ...providers]);
  return Buffer.concat([varint(message.length), message]);
}

function varint(value: number): Buffer {
  const groups: number[] = [];
  for (; value > 127; value >>= 7) groups.push((value & 127) | 128);
  return Buffer.from([...groups, value]);
}

describe('the gossip', () => {
  const presence = { sequence: 1, ready: [0], pending: [], layersPerSecond: 0, queueLength: 0, leaving: false };

  /** Subscribes clients and waits until the server's mesh has them. */
  async function subscribe(...subscribers: Libp2pClient[]): Promise<string[][]> {
    const topic = presenceTopic(server.model.manifestId);
    return Promise.all(
      subscribers.map(async ({ services: { gossip } }) => {
        const heard: string[] = [];
        gossip.addEventListener('message', ({ detail }) => {
          if (detail.topic === topic) heard.push(new TextDecoder().decode(detail.data));
        });
        const grafted = new Promise((resolve) => gossip.addEventListener('gossipsub:graft', resolve, { once: true }));
        gossip.subscribe(topic);
        await grafted;
        return heard;
      }),
    );
  }

  it('repeats presence to every other tab', async () => {
    const members = await Promise.all(Array.from({ length: 20 }, connect));
    const heard = await subscribe(...members);
    const text = JSON.stringify(presence);
    const reached = async () => {
      await members[0]!.services.gossip.publish(presenceTopic(server.model.manifestId), bytes(text));
      return heard.slice(1).filter(([message]) => message === text).length;
    };
    await expect.poll(reached, { ...PATIENCE, interval: 200 }).toBe(19);
  });

  it('repeats of one tab no more than its share, and of the others all the same', async () => {
    const [loud, quiet, hears] = await Promise.all([connect(), connect(), connect()]);
    const [, , heard] = await subscribe(loud, quiet, hears);
    const topic = presenceTopic(server.model.manifestId);
    const say = (client: Libp2pClient, name: string, sequence: number) =>
      client.services.gossip.publish(topic, bytes(JSON.stringify({ ...presence, name, sequence })));
    let sequence = 0;
    const arrives = async (client: Libp2pClient, name: string) => {
      await say(client, name, ++sequence);
      return heard!.some((message) => message.includes(name));
    };
    await expect.poll(() => arrives(quiet, 'quiet'), { ...PATIENCE, interval: 300 }).toBe(true);
    const startedAtMs = performance.now();
    for (let flood = 0; flood < 500; flood++) await say(loud, 'loud', ++sequence);
    await expect.poll(() => arrives(quiet, 'still'), { ...PATIENCE, interval: 300 }).toBe(true);
    // Until nothing more comes.
    let repeated = 0;
    const grown = () => {
      const before = repeated;
      repeated = heard!.filter((message) => message.includes('loud')).length;
      return repeated - before;
    };
    await expect.poll(grown, { ...PATIENCE, interval: 50 }).toBeGreaterThan(0);
    await expect.poll(grown, { ...PATIENCE, interval: 1500 }).toBe(0);
    const seconds = (performance.now() - startedAtMs) / 1000;
    expect(repeated).toBeLessThanOrEqual(PRESENCE_BURST + PRESENCES_PER_SECOND * seconds + 1);
  });

  it('repeats nothing else', async () => {
    const [a, b] = await Promise.all([connect(), connect()]);
    const [, heard] = await subscribe(a, b);
    const publish = (message: string) =>
      a.services.gossip.publish(presenceTopic(server.model.manifestId), bytes(message));
    const first = JSON.stringify(presence);
    const last = JSON.stringify({ ...presence, sequence: 2 });
    const arrived = async (message: string) => {
      await publish(message);
      return heard?.includes(message);
    };
    await expect.poll(() => arrived(first), PATIENCE).toBe(true);
    for (const message of ['hello', '{}', JSON.stringify({ ...presence, ready: [-1] })]) await publish(message);
    await expect.poll(() => arrived(last), PATIENCE).toBe(true);
    expect([...new Set(heard)]).toEqual([first, last]);
  });

  /** How a client signs what it publishes. */
  const signatureOf = ({ services: { gossip } }: Libp2pClient): object => Reflect.get(gossip, 'publishConfig');

  /** Publishes over a client's connection what somebody else has signed. */
  async function publishAs(client: Libp2pClient, signature: object, message: string): Promise<void> {
    const { gossip } = client.services;
    const own = signatureOf(client);
    Reflect.set(gossip, 'publishConfig', { ...own, ...signature });
    await gossip.publish(presenceTopic(server.model.manifestId), bytes(message));
    Reflect.set(gossip, 'publishConfig', own);
  }

  it('repeats nobody whom one connection has made up, and goes on to repeat its own', async () => {
    const [liar, listener] = [await connect(), await connect()];
    const [, heard] = await subscribe(liar, listener);
    const own = (sequence: number) => JSON.stringify({ ...presence, sequence });
    const arrived = async (message: string) => {
      await publishAs(liar, {}, message);
      return heard?.includes(message);
    };
    await expect.poll(() => arrived(own(1)), PATIENCE).toBe(true);
    for (let i = 0; i < 50; i++) {
      const privateKey = await generateKeyPair('Ed25519');
      const key = publicKeyToProtobuf(privateKey.publicKey);
      const signature = { author: peerIdFromPrivateKey(privateKey), key, privateKey };
      await publishAs(liar, signature, JSON.stringify({ ...presence, sequence: i, name: 'made up' }));
    }
    // In order behind them, over the same connection.
    await expect.poll(() => arrived(own(2)), PATIENCE).toBe(true);
    expect([...new Set(heard)]).toEqual([own(1), own(2)]);
  });

  it('repeats a tab that has just left, told by another, and one that comes back', async () => {
    const [member, listener, leaver] = [await connect(), await connect(), await connect()];
    const [, heard] = await subscribe(member, listener, leaver);
    await expect.poll(() => server.metric('shoal_gossip_peers'), PATIENCE).toBe(3);
    const signature = signatureOf(leaver);
    await leaver.stop();
    await expect.poll(() => server.metric('shoal_relay_connections'), PATIENCE).toBe(2);
    const late = JSON.stringify({ ...presence, sequence: 2, leaving: true });
    const told = async () => {
      await publishAs(member, signature, late);
      return heard?.includes(late);
    };
    await expect.poll(told, PATIENCE).toBe(true);
    await leaver.start();
    await leaver.dial(multiaddr(relayMultiaddr({ peerId: server.peerId }, server.url)));
    const back = JSON.stringify({ ...presence, sequence: 3 });
    const isBack = async () => {
      await publishAs(leaver, {}, back).catch(() => {});
      return heard?.includes(back);
    };
    await expect.poll(isBack, PATIENCE).toBe(true);
  });

  it('knows a tab that left for a minute, and no more of those than can be connected', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const recent = new RecentPeers();
    recent.add('a');
    vi.advanceTimersByTime(KNOWN_AFTER_LEAVING_MS - 1);
    expect([recent.has('a'), recent.has('b')]).toEqual([true, false]);
    vi.advanceTimersByTime(1);
    expect(recent.has('a')).toBe(false);
    for (let i = 0; i <= MAX_SOCKETS; i++) recent.add(`${i}`);
    expect([recent.has('0'), recent.has('1'), recent.has(`${MAX_SOCKETS}`)]).toEqual([false, true, true]);
  });
});
