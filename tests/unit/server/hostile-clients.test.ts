import { once } from 'node:events';
import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { selfSignedCertificate } from '../../../cli/certificate.ts';
import { presenceTopic } from '../../../src/protocol/directory.ts';
import { connectClient } from '../../support/libp2p-client.ts';
import { connectThrough } from '../../support/paused-wire.ts';
import { rawUpgrade } from '../../support/raw-upgrade.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { binary, peerId, TrackerClient } from '../../support/tracker-client.ts';

// As they are, a test would wait for half a minute; an honest client does within these what it has to do.
vi.mock('../../../signaling-server/limits.ts', async (original) => ({
  ...(await original<typeof import('../../../signaling-server/limits.ts')>()),
  HEAD_TIMEOUT_MS: 1500,
  HANDSHAKE_TIMEOUT_MS: 4000,
  FIRST_ANNOUNCE_TIMEOUT_MS: 4000,
  SOCKET_HEARTBEAT_MS: 5000,
  READ_TIMEOUT_MS: 4000,
  MAX_UNREAD_BYTES: 1024 * 1024,
  MAX_CONNECTIONS: 256,
  MAX_DOWNLOADS: 64,
  MAX_HANDSHAKES: 256,
  // One talks here for a whole swarm.
  PRESENCE_BURST: 1000,
}));

const PATIENCE = { timeout: 30_000, interval: 100 };

/** Behind a proxy that names each client, so that one machine can be many. */
const options = { proxies: ['127.0.0.1'] };
const from = (address: string) => ({ headers: { 'X-Forwarded-For': address } });
const ended = (socket: Socket) => once(socket.resume(), 'close');

let server: TestServer;
let sockets: Socket[];
beforeEach(async () => {
  sockets = [];
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await server.stop();
});

function open(text: string): Socket {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.on('error', () => {});
  socket.write(text);
  sockets.push(socket);
  return socket;
}

async function upgrades(count: number, address: string, path = '/'): Promise<{ socket: Socket; status: number }[]> {
  const all = await Promise.all(Array.from({ length: count }, () => rawUpgrade(server.url, path, from(address))));
  sockets.push(...all.map(({ socket }) => socket));
  return all;
}

describe('clients that only open', () => {
  it('relay WebSockets have a share of the handshakes: others come in, and they are ended', async () => {
    server = await startTestServer(options);
    const silent = await upgrades(100, '192.0.2.1');
    // A quarter of 256.
    const taken = silent.filter(({ status }) => status === 101);
    expect(taken).toHaveLength(64);
    expect(await server.metric('shoal_sockets_refused_total{reason="handshakes"}')).toBe(36);
    expect((await upgrades(1, '192.0.2.2'))[0]!.status).toBe(101);
    await Promise.all(taken.map(({ socket }) => ended(socket)));
    expect((await upgrades(1, '192.0.2.1'))[0]!.status).toBe(101);
    // One that is done takes no place, and has no end. Those that do not even read that they are closed go too.
    const client = await connectClient(server.url, server.peerId);
    await expect.poll(() => server.metric('shoal_relay_handshakes'), { timeout: 20_000 }).toBe(0);
    expect(client.getConnections()).toHaveLength(1);
    await client.stop();
  });

  it('tracker WebSockets are ended, those that announce are not', async () => {
    server = await startTestServer(options);
    // It answers pings as every client does.
    const silent = await TrackerClient.connect(server.url);
    const honest = await TrackerClient.connect(server.url);
    const { infoHash } = server.model.manifest.shards[0]!;
    await honest.ask({ action: 'announce', info_hash: binary(infoHash), peer_id: peerId('a'), left: 1 });
    await silent.closed;
    expect(await server.metric('shoal_tracker_sockets')).toBe(1);
    await honest.close();
  });

  it('a request that never ends its head are ended', async () => {
    server = await startTestServer();
    await Promise.all([ended(open('')), ended(open('GET / HTTP/1.1\r\nHost: shoal\r\nX-')), ended(open('GE'))]);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  it('a connection before TLS are ended', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-tls-'));
    server = await startTestServer({ tls: await selfSignedCertificate(folder, ['127.0.0.1']) });
    await rm(folder, { recursive: true });
    await Promise.all([ended(open('')), ended(open('\x16\x03\x01'))]);
  });

  it('TCP connections have a share of them', async () => {
    server = await startTestServer();
    const all = Array.from({ length: 80 }, () => open(''));
    // A quarter of 256.
    await Promise.all(all.slice(64).map(ended));
    expect(all.filter(({ destroyed }) => !destroyed).length).toBeGreaterThan(50);
    for (const socket of all) socket.destroy();
    await expect.poll(() => server.metric('shoal_connections_refused_total').catch(() => 0)).toBeGreaterThanOrEqual(16);
  });
});

describe('readers that do not read', () => {
  const BIG = 64 * 1024 * 1024;

  /** Asks for a large file from an address, and reads its head only. */
  const download = (address: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const url = `${server.url}/models/tiny/shard-0.gguf`;
      const opened = request(url, { ...from(address), agent: false }, (response) => {
        sockets.push(response.socket);
        response.on('error', () => {});
        resolve(response.statusCode);
      });
      opened.on('error', reject).end();
    });

  it('lose their downloads, and have a share of those at once', async () => {
    server = await startTestServer(options);
    await expect.poll(() => server.metric('shoal_shards_unchecked_bytes')).toBe(0);
    await truncate(join(server.model.directory, 'shard-0.gguf'), BIG);
    const statuses = await Promise.all(Array.from({ length: 20 }, () => download('192.0.2.1')));
    // A quarter of 64.
    expect(statuses.filter((status) => status === 200)).toHaveLength(16);
    expect(statuses.filter((status) => status === 503)).toHaveLength(4);
    // And 170 from many addresses leave places for whoever comes next.
    const many = await Promise.all(Array.from({ length: 150 }, (_, index) => download(`192.0.2.${10 + (index % 10)}`)));
    expect(many.filter((status) => status === 200).length).toBeLessThan(48);
    expect(await download('192.0.2.2')).toBe(200);
    await expect.poll(() => server.metric('shoal_downloads'), PATIENCE).toBe(0);
    expect((await (await fetch(`${server.url}/models/tiny/shard-0.gguf`)).arrayBuffer()).byteLength).toBe(BIG);
  });

  it('lose their WebSocket to the tracker before much waits for them', async () => {
    server = await startTestServer(options);
    const { infoHash } = server.model.manifest.shards[0]!;
    const announce = (name: string) => ({ action: 'announce', info_hash: binary(infoHash), peer_id: peerId(name) });
    const { socket } = (await upgrades(1, '192.0.2.1', '/announce'))[0]!;
    socket.pause().write(textFrame(JSON.stringify({ ...announce('a'), left: 1 })));
    const offer = { offer: { type: 'offer', sdp: 'x'.repeat(16_000) }, offer_id: 'o'.repeat(20) };
    await expect.poll(() => server.metric('shoal_tracker_peers')).toBe(1);
    // Each message brings the one that does not read one offer: together more than the system's buffers hold.
    const names = ['b', 'c', 'd', 'e'];
    const others = await Promise.all(names.map(() => TrackerClient.connect(server.url)));
    for (let round = 0; round < 280; round++)
      for (const [index, other] of others.entries())
        other.send({ ...announce(names[index]!), left: 1, numwant: 4, offers: Array.from({ length: 4 }, () => offer) });
    const unread = () => server.metric('shoal_tracker_refused_total{reason="unread"}');
    await expect.poll(unread, PATIENCE).toBeGreaterThan(0);
    await Promise.all(others.map((other) => other.close()));
  });

  it('lose the gossip of the relay before much waits for them', { timeout: 400_000 }, async () => {
    server = await startTestServer();
    const deaf = await connectThrough(server);
    const topic = presenceTopic(server.model.manifestId);
    const shards = Array.from({ length: 1000 }, (_, index) => index);
    const presence = { ready: shards, pending: shards, layersPerSecond: 0, queueLength: 0, leaving: false };
    deaf.client.services.gossip.subscribe(topic);
    const toDeaf = () => {
      const streams = deaf.client.getConnections().flatMap((connection) => connection.streams);
      return streams.filter(({ protocol, direction }) => protocol.includes('meshsub') && direction === 'inbound');
    };
    await expect.poll(() => toDeaf().length, PATIENCE).toBe(1);
    const [stream] = toDeaf();
    let sequence = 0;
    let heard = 0;
    deaf.client.services.gossip.addEventListener('message', () => heard++);
    // On a busy machine a talker's own stream is given up at times, as its server is slow to take what it says: then
    // another talks.
    for (let round = 0; round < 3 && stream!.status === 'open'; round++) {
      const talker = await connectClient(server.url, server.peerId);
      const say = () => {
        const data = new TextEncoder().encode(JSON.stringify({ ...presence, sequence: sequence++ }));
        return talker.services.gossip.publish(topic, data);
      };
      // Only those whom the server has grafted are sent anything.
      const heardBefore = heard;
      const spoken = async () => {
        await say();
        return heard;
      };
      await expect.poll(spoken, PATIENCE).toBeGreaterThan(heardBefore);
      deaf.setReading(false);
      // Three times what may wait: the system's buffers, which grow, hold some of it.
      for (let said = 0; said < 1600; said++) {
        const sent = await say().then(
          () => true,
          () => false,
        );
        if (!sent) break;
        // For its pace alone.
        const signal = AbortSignal.timeout(1000);
        if (said % 20 === 19) await talker.services.ping.ping(talker.getPeers()[0]!, { signal }).catch(() => undefined);
      }
      deaf.setReading(true);
      // Another may have been opened since.
      await vi.waitUntil(() => stream!.status !== 'open', { ...PATIENCE, timeout: 10_000 }).catch(() => undefined);
      await talker.stop();
    }
    expect(stream!.status).not.toBe('open');
    expect(deaf.client.getConnections()).toHaveLength(1);
    await deaf.client.stop();
  });
});

/** A WebSocket's text frame as a client sends it, masked by zeros. */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const head = Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0]);
  return Buffer.concat([head, payload]);
}
