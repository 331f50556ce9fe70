import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadSecret } from '../../../cli/private-swarm.ts';
import { manifestKey, presenceTopic, providerCid, shardRecordKey } from '../../../src/protocol/directory.ts';
import { MAX_PRESENCE_BYTES } from '../../../src/protocol/limits.ts';
import {
  createSecret,
  deriveKeys,
  guestSecretOf,
  type SwarmKeys,
  serverProof,
} from '../../../src/protocol/private-swarm.ts';
import { privateTopic } from '../../../src/protocol/private-topic.ts';
import { PASS_SCHEME, serverChallengeSchema } from '../../../src/protocol/server-pass.ts';
import { connectClient, type Libp2pClient } from '../../support/libp2p-client.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { binary, peerId, TrackerClient } from '../../support/tracker-client.ts';

/** Few, so that a test can use them up. */
const MAX_TOPICS = vi.hoisted(() => 6);
// A longer RPC ends its stream before any message in it is judged.
vi.mock('../../../signaling-server/limits.ts', async (original) => ({
  ...(await original<typeof import('../../../signaling-server/limits.ts')>()),
  MAX_PRIVATE_TOPICS: MAX_TOPICS,
  MAX_GOSSIP_BYTES: 64 * 1024,
}));

const PATIENCE = { timeout: 30_000, interval: 200 };
const secret = createSecret();
const keys = deriveKeys(secret);

let server: TestServer;
let clients: Libp2pClient[];
beforeEach(async () => {
  const open = await startTestServer();
  server = await open.restart({ models: [], privateSwarm: { keys, model: open.model } });
  clients = [];
});
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(clients.map((client) => client.stop()));
  await server.stop();
});

const path = (file: string, name = keys.name) => `/swarms/${name}/${file}`;
const get = (of: string, authorization?: string, init: RequestInit = {}) =>
  fetch(`${server.url}${of}`, { ...init, headers: { ...init.headers, ...(authorization ? { authorization } : {}) } });

async function challenge(): Promise<string> {
  const response = await get(path('challenge'));
  expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
  return v.parse(serverChallengeSchema, await response.json()).challenge;
}

const bytes = (text: string) => new TextEncoder().encode(text);

async function connect(): Promise<Libp2pClient> {
  const client = await connectClient(server.url, server.peerId);
  clients.push(client);
  return client;
}

const pass = (of: string, by: SwarmKeys = keys) => `${PASS_SCHEME} ${of}:${serverProof(by, of)}`;

describe('the files of a private swarm', () => {
  it('lets a page of a site that its operator named prove the secret, and tells by no preflight whose swarm it is', async () => {
    const origin = 'https://app.example';
    server = await server.restart({
      privateSwarm: { keys, model: server.model },
      models: [],
      allowedOrigins: [origin],
    });
    const challenged = await get(path('challenge'), undefined, { headers: { Origin: origin } });
    expect([challenged.status, challenged.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
    const preflight = async (name: string) => {
      const { status, headers } = await get(path('manifest.json', name), undefined, {
        method: 'OPTIONS',
        headers: { Origin: origin },
      });
      return [status, headers.get('access-control-allow-origin'), headers.get('access-control-allow-headers')];
    };
    expect(await preflight(keys.name)).toEqual([204, origin, expect.stringContaining('Authorization')]);
    expect(await preflight('0'.repeat(64))).toEqual(await preflight(keys.name));
  });

  it('go to who proves that it knows the secret, member or guest', async () => {
    const guest = pass(await challenge(), deriveKeys(guestSecretOf(secret)));
    expect((await get(path('manifest.json'), guest)).status).toBe(200);
    const authorization = pass(await challenge());
    const manifest = await get(path('manifest.json'), authorization);
    expect(Buffer.from(await manifest.arrayBuffer())).toEqual(
      await readFile(join(server.model.directory, 'manifest.json')),
    );
    const shard = await readFile(join(server.model.directory, 'shard-1.gguf'));
    const whole = await get(path('shard-1.gguf'), authorization);
    expect(Buffer.from(await whole.arrayBuffer()).equals(shard)).toBe(true);
    const head = await get(path('shard-1.gguf'), authorization, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(shard.length)]);
    const part = await get(path('shard-1.gguf'), authorization, { headers: { range: 'bytes=10-19' } });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 10-19/${shard.length}`]);
    expect(Buffer.from(await part.arrayBuffer()).equals(shard.subarray(10, 20))).toBe(true);
    // Whoever has it knows of no tracker, and of no address that is open to all.
    const torrent = Buffer.from(await (await get(path('shard-1.torrent'), authorization)).arrayBuffer()).toString(
      'latin1',
    );
    expect(torrent).toContain('4:info');
    expect(torrent).not.toMatch(/announce|url-list|http/);
  });

  it('are nowhere for all others, whatever they ask', async () => {
    const right = await challenge();
    const [untilMs] = right.split('.');
    const proof = serverProof(keys, right);
    const nothing = await (await get(path('challenge', '0'.repeat(64)))).text();
    for (const authorization of [
      undefined,
      '',
      'Basic c2hvYWw6',
      proof,
      `${PASS_SCHEME} ${right}`,
      `${PASS_SCHEME} ${right}:`,
      `${PASS_SCHEME} ${right}:${'0'.repeat(64)}`,
      `${PASS_SCHEME} ${right}:${proof.slice(1)}`,
      `${PASS_SCHEME} ${right}:${proof}0`,
      // Another secret's, another challenge's, and for a challenge that the server never gave.
      pass(right, deriveKeys(createSecret())),
      `${PASS_SCHEME} ${right}:${serverProof(keys, `${right}0`)}`,
      pass(`${Number(untilMs) + 1}.${right.split('.')[1]}`),
      pass(`${untilMs}.${'0'.repeat(64)}`),
      pass(`0${right}`),
      pass(''),
      'x'.repeat(5000),
    ]) {
      for (const init of [{}, { method: 'HEAD' }, { headers: { range: 'bytes=0-9' } }]) {
        for (const file of ['manifest.json', 'shard-0.gguf', 'shard-0.torrent']) {
          const response = await get(path(file), authorization, init);
          expect([authorization, response.status]).toEqual([authorization, 404]);
          // As a swarm that does not exist.
          if (init.method !== 'HEAD') expect(await response.text()).toBe(nothing);
        }
      }
    }
    expect((await get(path('manifest.json', '0'.repeat(64)), pass(right))).status).toBe(404);
    for (const file of ['', 'shard-4.gguf', 'shard-0.gguf/..', 'swarm.secret', '../swarm.secret', 'challenge/x'])
      expect((await get(path(file), pass(right))).status).toBe(404);
    expect((await get(path('manifest.json'), pass(right), { method: 'OPTIONS' })).status).toBe(405);
    const elsewhere = { headers: { origin: 'https://other.example' } };
    for (const file of ['challenge', 'manifest.json'])
      expect((await get(path(file), pass(right), elsewhere)).status).toBe(403);
  });

  it('go to nobody with a proof that was recorded, once another challenge is asked for or its time is over', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const recorded = await challenge();
    const { validMs } = v.parse(serverChallengeSchema, await (await get(path('challenge'))).json());
    vi.advanceTimersByTime(1000);
    const later = await challenge();
    expect(later).not.toBe(recorded);
    expect((await get(path('manifest.json'), `${PASS_SCHEME} ${later}:${serverProof(keys, recorded)}`)).status).toBe(
      404,
    );
    vi.advanceTimersByTime(validMs - 1001);
    expect((await get(path('manifest.json'), pass(recorded))).status).toBe(200);
    vi.advanceTimersByTime(2);
    expect((await get(path('manifest.json'), pass(recorded))).status).toBe(404);
    expect((await get(path('manifest.json'), pass(later))).status).toBe(200);
    // A proof outlives the server, and not its secret.
    server = await server.restart();
    expect((await get(path('manifest.json'), pass(later))).status).toBe(200);
    const renewed = deriveKeys(createSecret());
    server = await server.restart({ privateSwarm: { keys: renewed, model: server.model } });
    for (const { name } of [keys, renewed])
      expect((await get(path('manifest.json', name), pass(later))).status).toBe(404);
    expect((await get(path('challenge'))).status).toBe(404);
  });

  it('are told of nowhere else', async () => {
    const { manifest, manifestId } = server.model;
    await get(path('shard-0.gguf'), pass(await challenge()));
    const told = await Promise.all(
      ['/config.json', '/healthz', '/metrics', '/', '/models/', '/swarms/', '/swarms'].map(async (of) =>
        (await get(of)).text(),
      ),
    );
    const secrets = [keys.name, manifest.name, manifestId, ...manifest.shards.map(({ infoHash }) => infoHash)];
    for (const text of told) for (const secret of secrets) expect(text).not.toContain(secret);
    for (const file of ['manifest.json', 'shard-0.gguf', 'shard-0.torrent'])
      expect((await get(`/models/${manifest.name}/${file}`)).status).toBe(404);
    const tracker = await TrackerClient.connect(server.url);
    const info = binary(manifest.shards[0]!.infoHash);
    tracker.send({
      action: 'announce',
      info_hash: info,
      peer_id: peerId('a'),
      numwant: 5,
      uploaded: 0,
      left: 0,
      offers: [],
    });
    expect(await tracker.next()).toHaveProperty('failure reason');
    await tracker.close();
    const client = await connect();
    const record = bytes(
      JSON.stringify({ infoHash: manifest.shards[0]!.infoHash, fileName: 'shard-0.gguf', sizeBytes: 1 }),
    );
    const names: string[] = [];
    for await (const { name } of client.services.dht.put(bytes(shardRecordKey(manifestId, 0)), record))
      names.push(name);
    expect(names).toContain('QUERY_ERROR');
    for (const key of [manifestKey(manifestId), shardRecordKey(manifestId, 0)])
      for await (const _ of client.services.dht.provide(await providerCid(key)));
    expect(await server.metric('shoal_dht_providers')).toBe(0);
  });
});

describe('the gossip of private swarms', () => {
  const topicOf = (of: number | string) => privateTopic({ outsideName: () => String(of).padStart(64, '0') }, '');
  const listen = ({ services: { gossip } }: Libp2pClient, topic: string): Uint8Array[] => {
    const heard: Uint8Array[] = [];
    gossip.addEventListener('message', ({ detail }) => {
      if (detail.topic === topic) heard.push(detail.data);
    });
    gossip.subscribe(topic);
    return heard;
  };
  /** Topics that the server listens to, as it tells a tab. */
  const repeated = ({ services: { gossip } }: Libp2pClient): string[] =>
    [...(Reflect.get(gossip, 'topics') as Map<string, Set<string>>)]
      .filter(([, peers]) => peers.has(server.peerId))
      .map(([topic]) => topic);
  /** Says it although the server may not listen. */
  async function shout({ services: { gossip } }: Libp2pClient, topic: string, message: Uint8Array): Promise<void> {
    const topics = Reflect.get(gossip, 'topics') as Map<string, Set<string>>;
    topics.set(topic, new Set([...(topics.get(topic) ?? []), server.peerId]));
    await gossip.publish(topic, message);
  }

  it('is repeated, and no other, and nothing that is longer than a presence', async () => {
    const [speaker, listener] = [await connect(), await connect()];
    const unknown = [
      presenceTopic(server.model.manifestId),
      'shoal/other',
      'shoal/private/',
      `${topicOf(1)}0`,
      topicOf(1).toUpperCase(),
      `x${topicOf(1)}`,
    ];
    const overheard = unknown.map((topic) => listen(listener, topic));
    for (const topic of unknown) speaker.services.gossip.subscribe(topic);
    speaker.services.gossip.subscribe(topicOf(1));
    const heard = listen(listener, topicOf(1));
    let count = 0;
    const arrives = async (sizeBytes: number) => {
      const sent = new Uint8Array(sizeBytes).fill(7);
      sent[0] = count++;
      await speaker.services.gossip.publish(topicOf(1), sent).catch(() => undefined);
      return heard.some(({ length }) => length === sizeBytes);
    };
    await expect.poll(() => arrives(100), PATIENCE).toBe(true);
    for (const topic of unknown) await shout(speaker, topic, Uint8Array.of(1));
    await arrives(MAX_PRESENCE_BYTES + 1);
    await arrives(MAX_PRESENCE_BYTES + 1000);
    // In order behind them.
    await expect.poll(() => arrives(101), PATIENCE).toBe(true);
    expect(Math.max(...heard.map(({ length }) => length))).toBe(101);
    expect(overheard.flat()).toEqual([]);
    expect(repeated(listener)).toEqual([topicOf(1)]);
  });

  it('is bounded per tab and in all, and who waited has a place as soon as one is free', async () => {
    const watcher = await connect();
    const hostile = await connect();
    for (let of = 0; of < 300; of++) hostile.services.gossip.subscribe(topicOf(of));
    await expect.poll(() => repeated(watcher).length, PATIENCE).toBeGreaterThan(0);
    const another = await connect();
    for (let of = 300; of < 600; of++) another.services.gossip.subscribe(topicOf(of));
    await expect.poll(() => repeated(watcher).length, PATIENCE).toBe(MAX_TOPICS);
    const ofFirst = repeated(watcher).filter((topic) => topic < topicOf(300));
    expect(ofFirst.length).toBeLessThanOrEqual(4);
    const honest = await connect();
    honest.services.gossip.subscribe(topicOf('a'));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(repeated(watcher)).toHaveLength(MAX_TOPICS);
    expect(repeated(watcher)).not.toContain(topicOf('a'));
    await hostile.stop();
    await expect.poll(() => repeated(watcher), PATIENCE).toContain(topicOf('a'));
    expect(repeated(watcher).length).toBeLessThanOrEqual(MAX_TOPICS);
  });

  it('ends with its last listener, and begins again with the next', async () => {
    const watcher = await connect();
    for (let time = 0; time < 2; time++) {
      const member = await connect();
      member.services.gossip.subscribe(topicOf(1));
      await expect.poll(() => repeated(watcher), PATIENCE).toEqual([topicOf(1)]);
      await member.stop();
      await expect.poll(() => repeated(watcher), PATIENCE).toEqual([]);
    }
  });
});

describe('the secret of a server', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'shoal-secret-'));
    file = join(folder, 'swarm.secret');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is kept over a restart, for its owner alone, until it is renewed', async () => {
    const made = await loadSecret(join(folder, 'new', 'folder'), false);
    expect(made.keys.role).toBe('member');
    await writeFile(file, `${made.secret}\n\n`);
    await chmod(file, 0o644);
    expect((await loadSecret(folder, false)).secret).toBe(made.secret);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const { secret: renewed } = await loadSecret(folder, true);
    expect(renewed).not.toBe(made.secret);
    expect((await loadSecret(folder, false)).secret).toBe(renewed);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it.each(['', '\n', ' \n '])('is made anew where the file has none: %j', async (content) => {
    await writeFile(file, content);
    await chmod(file, 0o644);
    const { secret: made } = await loadSecret(folder, false);
    expect((await readFile(file, 'utf8')).trim()).toBe(made);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['garbage', 'garbage'],
    ['what is almost one', secret.slice(1)],
    ['bytes', Buffer.from([0, 1, 2, 255])],
    ['a secret of guests', guestSecretOf(secret)],
    ['two secrets', `${secret}\n${createSecret()}`],
  ])('is no %s, which is said and left as it is', async (_, content) => {
    await writeFile(file, content);
    await expect(loadSecret(folder, false)).rejects.toMatchObject({
      code: 'bad-request',
      message: expect.stringContaining('--new-link'),
    });
    expect(await readFile(file)).toEqual(Buffer.from(content));
    await loadSecret(folder, true);
    await loadSecret(folder, false);
  });
});
