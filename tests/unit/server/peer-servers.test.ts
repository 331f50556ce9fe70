import { multiaddr } from '@multiformats/multiaddr';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { presenceTopic, providerCid, shardRecordKey } from '../../../src/protocol/directory.ts';
import { PEER_SERVER_PROTOCOL } from '../../../src/protocol/peer-servers.ts';
import { parseServerConfig, type ServerConfig } from '../../../src/protocol/server-config.ts';
import { connectClient, type Libp2pClient } from '../../support/libp2p-client.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const PATIENCE = { timeout: 20_000, interval: 100 };
const TIMEOUT_MS = 120_000;

let servers: TestServer[];
let clients: Libp2pClient[];
beforeEach(() => {
  vi.spyOn(console, 'warn').mockReturnValue();
  servers = [];
  clients = [];
});
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(clients.map((client) => client.stop()));
  await Promise.all(servers.map((server) => server.stop()));
});

const bytes = (text: string) => new TextEncoder().encode(text);

/** Servers of one model, each of which names those at these places. */
async function startServers(...named: readonly (readonly number[])[]): Promise<void> {
  for (const _ of named) servers.push(await startTestServer());
  for (const [place, others] of named.entries()) {
    const peerServers = others.map((other) => new URL('/', servers[other]!.url));
    servers[place] = await servers[place]!.restart({ peerServers });
  }
}

async function configOf({ url }: TestServer): Promise<ServerConfig> {
  return parseServerConfig(await (await fetch(`${url}/config.json`)).json());
}

const listedBy = async (place: number) => (await configOf(servers[place]!)).peers.map(({ url }) => url).sort();
const urlOf = (place: number) => new URL('/', servers[place]!.url).href;

/** @param alone - it meets no other server by its look-ups */
async function connect(place: number, alone = false): Promise<Libp2pClient> {
  const { url, peerId } = servers[place]!;
  const client = await connectClient(url, peerId, alone ? { only: peerId } : {});
  clients.push(client);
  return client;
}

/** What the client hears of a topic, and what arrives there of what another says until it does. */
async function listen(client: Libp2pClient, topic: string): Promise<string[]> {
  const { gossip } = client.services;
  const heard: string[] = [];
  gossip.addEventListener('message', ({ detail }) => {
    if (detail.topic === topic)
      heard.push(`${'from' in detail ? detail.from : ''} ${new TextDecoder().decode(detail.data)}`);
  });
  const grafted = new Promise((resolve) => gossip.addEventListener('gossipsub:graft', resolve, { once: true }));
  gossip.subscribe(topic);
  await grafted;
  return heard;
}

const presence = (sequence: number) =>
  JSON.stringify({ sequence, ready: [0], pending: [], layersPerSecond: 0, queueLength: 0, leaving: false });

async function holdersOf({ services: { dht } }: Libp2pClient, key: string) {
  const holders = new Map<string, string[]>();
  for await (const event of dht.findProviders(await providerCid(key))) {
    if (event.name !== 'PROVIDER') continue;
    for (const { id, multiaddrs } of event.providers) holders.set(id.toString(), multiaddrs.map(String));
  }
  return holders;
}

describe('servers that name each other', () => {
  it(
    'list each other while they are there, and again after a restart',
    async () => {
      await startServers([1, 2], [0, 2], [0, 1]);
      await expect.poll(() => listedBy(0), PATIENCE).toEqual([urlOf(1), urlOf(2)].sort());
      await expect.poll(() => listedBy(2), PATIENCE).toEqual([urlOf(0), urlOf(1)].sort());
      const [peer] = (await configOf(servers[0]!)).peers.filter(({ url }) => url === urlOf(1));
      expect(peer).toEqual({
        url: urlOf(1),
        relay: { peerId: servers[1]!.peerId },
        manifests: [servers[1]!.model.manifestId],
      });
      expect(await servers[0]!.metric('shoal_peer_servers')).toBe(2);
      await servers[1]!.close();
      await expect.poll(() => listedBy(0), PATIENCE).toEqual([urlOf(2)]);
      servers[1] = await servers[1]!.restart();
      await expect.poll(() => listedBy(0), { ...PATIENCE, timeout: 40_000 }).toEqual([urlOf(1), urlOf(2)].sort());
    },
    TIMEOUT_MS,
  );

  it(
    'repeat each other’s tabs’ presence, of open and of private swarms',
    async () => {
      await startServers([1], [0]);
      await expect.poll(() => listedBy(0), PATIENCE).toHaveLength(1);
      await expect.poll(() => listedBy(1), PATIENCE).toHaveLength(1);
      const [speaker, listener] = [await connect(0), await connect(1)];
      for (const topic of [presenceTopic(servers[0]!.model.manifestId), `shoal/private/${'ab'.repeat(32)}`]) {
        await listen(speaker, topic);
        const heard = await listen(listener, topic);
        let sequence = 0;
        const arrives = async () => {
          await speaker.services.gossip.publish(topic, bytes(presence(++sequence)));
          return heard.some((message) => message.startsWith(`${speaker.peerId} `));
        };
        await expect.poll(arrives, { ...PATIENCE, interval: 300 }).toBe(true);
      }
    },
    TIMEOUT_MS,
  );

  it(
    'answer for each other who holds a shard, by the relay that introduces the holder, and keep each other’s records',
    async () => {
      await startServers([1], [0]);
      await expect.poll(() => listedBy(0), PATIENCE).toHaveLength(1);
      await expect.poll(() => listedBy(1), PATIENCE).toHaveLength(1);
      const [holder, seeker] = [await connect(0), await connect(1)];
      const { manifestId, manifest } = servers[0]!.model;
      const key = shardRecordKey(manifestId, 1);
      for await (const _ of holder.services.dht.provide(await providerCid(key)));
      const name = holder.peerId.toString();
      await expect.poll(async () => [...(await holdersOf(seeker, key)).keys()], PATIENCE).toEqual([name]);
      const [address] = (await holdersOf(seeker, key)).get(name)!;
      expect(address).toContain(`/p2p/${servers[0]!.peerId}/p2p-circuit`);
      await holder.handle('/test/1', () => {}, { runOnLimitedConnection: true });
      const connection = await seeker.dial(multiaddr(`${address}/p2p/${name}`));
      expect(connection.remotePeer.toString()).toBe(name);

      const { infoHash, fileName, sizeBytes } = manifest.shards[1]!;
      const record = JSON.stringify({ infoHash, fileName, sizeBytes });
      for await (const _ of holder.services.dht.put(bytes(key), bytes(record)));
      // Alone with its own server, which has it from the other.
      const values: string[] = [];
      const find = async () => {
        for await (const event of (await connect(1)).services.dht.get(bytes(key))) {
          if (event.name === 'VALUE') values.push(new TextDecoder().decode(event.value));
        }
        return values;
      };
      await expect.poll(find, PATIENCE).toContain(record);
    },
    TIMEOUT_MS,
  );

  it(
    'let each other’s pages in',
    async () => {
      await startServers([1], []);
      const from = (origin: string) => fetch(`${servers[0]!.url}/config.json`, { headers: { origin } });
      const allowed = await from(new URL(urlOf(1)).origin);
      // To its relay and its tracker; its configuration is its own pages'.
      expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([200, null]);
      expect((await from('http://192.0.2.1:8787')).status).toBe(403);
    },
    TIMEOUT_MS,
  );
});

describe('a server that another has not named', () => {
  it(
    'is listed by neither, told nothing, and believed nothing',
    async () => {
      await startServers([1], []);
      const [stranger, unaware] = [0, 1];
      // Whoever is connected to a server is known there, and hears what it says: each keeps to its own.
      const speaker = await connect(stranger, true);
      const listener = await connect(unaware, true);
      const topic = presenceTopic(servers[0]!.model.manifestId);
      const own = await connect(unaware, true);
      await listen(speaker, topic);
      await listen(own, topic);
      const heard = await listen(listener, topic);
      // Its server is connected like anybody.
      await expect.poll(() => servers[unaware]!.metric('shoal_relay_connections'), PATIENCE).toBe(3);
      let sequence = 0;
      const arrives = async () => {
        await speaker.services.gossip.publish(topic, bytes(presence(++sequence)));
        await own.services.gossip.publish(topic, bytes(presence(sequence)));
        return heard.filter((message) => message.startsWith(`${own.peerId} `)).length;
      };
      await expect.poll(arrives, { ...PATIENCE, interval: 300 }).toBeGreaterThan(5);
      expect(heard.filter((message) => message.startsWith(`${speaker.peerId} `))).toEqual([]);
      expect(await listedBy(stranger)).toEqual([]);
      expect(await listedBy(unaware)).toEqual([]);
      const asked = speaker.getConnections()[0]!.newStream(PEER_SERVER_PROTOCOL);
      const closed = asked.then(
        (stream) => new Promise((resolve) => stream.addEventListener('close', resolve, { once: true })),
      );
      const stream = await asked;
      stream.send(bytes('{"manifests": []}'));
      await closed;
    },
    TIMEOUT_MS,
  );
});
