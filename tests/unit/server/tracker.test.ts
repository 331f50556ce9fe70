import { setTimeout as delay } from 'node:timers/promises';
import bencode from 'bencode';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  MAX_OFFERS,
  MAX_REFUSALS,
  MAX_SDP_CHARACTERS,
  TRACKER_BURST_MESSAGES,
} from '../../../signaling-server/limits.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { binary, peerId, TrackerClient } from '../../support/tracker-client.ts';

let server: TestServer;
let hash: string;
beforeEach(async () => {
  server = await startTestServer();
  hash = binary(server.model.manifest.shards[1]!.infoHash);
});
afterEach(() => server.stop());

const announce = (name: string, rest: object = {}) => ({
  action: 'announce',
  info_hash: hash,
  peer_id: peerId(name),
  ...{ uploaded: 0, downloaded: 0, left: 10, numwant: 5 },
  ...rest,
});
const offer = (sdp = 'v=0') => ({ offer: { type: 'offer', sdp }, offer_id: 'o'.repeat(20) });
const scrape = () => ({ action: 'scrape', info_hash: hash });

/** What the tracker counts, asked by a client of its own. */
async function counts(): Promise<unknown> {
  const client = await TrackerClient.connect(server.url);
  const { files } = await client.ask(scrape());
  await client.close();
  const { complete, incomplete } = Object.values(files as object)[0] as { complete: number; incomplete: number };
  return { complete, incomplete };
}

describe('the tracker', () => {
  it('introduces two peers: offer, answer, and a farewell', async () => {
    const [a, b] = await Promise.all([TrackerClient.connect(server.url), TrackerClient.connect(server.url)]);
    expect(await a.ask(announce('a', { event: 'started', left: 0 }))).toMatchObject({
      action: 'announce',
      complete: 1,
    });
    b.send(announce('b', { event: 'started', offers: [offer('offer of b')] }));
    expect(await b.next()).toMatchObject({ complete: 1, incomplete: 1, info_hash: hash });
    const forwarded = await a.next();
    expect(forwarded).toEqual({
      action: 'announce',
      info_hash: hash,
      peer_id: peerId('b'),
      offer: { type: 'offer', sdp: 'offer of b' },
      offer_id: 'o'.repeat(20),
    });
    const answer = { type: 'answer', sdp: 'answer of a' };
    a.send(announce('a', { left: 0, answer, offer_id: forwarded.offer_id, to_peer_id: forwarded.peer_id }));
    expect(await b.next()).toMatchObject({ peer_id: peerId('a'), answer });
    expect(await server.metric('shoal_tracker_peers')).toBe(2);
    await a.close();
    await expect.poll(counts, { timeout: 10_000 }).toEqual({ complete: 0, incomplete: 1 });
    await b.ask(announce('b', { event: 'stopped' }));
    expect(await counts()).toEqual({ complete: 0, incomplete: 0 });
    expect(await server.metric('shoal_tracker_refused_total')).toBe(0);
  });

  it('takes a null left, which is how JSON writes infinity, for an incomplete file', async () => {
    const client = await TrackerClient.connect(server.url);
    expect(await client.ask(announce('a', { left: null }))).toMatchObject({ complete: 0, incomplete: 1 });
  });

  it('serves standard clients by HTTP, for the same info hashes only', async () => {
    const ask = async (infoHash: string, port: number) => {
      const escaped = infoHash.replace(/../g, '%$&');
      const query = `info_hash=${escaped}&peer_id=${peerId('http')}&port=${port}&left=0&compact=1&event=started`;
      const response = await fetch(`${server.url}/announce?${query}`);
      return bencode.decode(new Uint8Array(await response.arrayBuffer())) as Record<string, unknown>;
    };
    const { infoHash } = server.model.manifest.shards[0]!;
    expect(await ask(infoHash, 4001)).toMatchObject({ complete: 1 });
    const second = await ask(infoHash, 4002);
    expect(second).toMatchObject({ complete: 2 });
    // Six bytes a peer, in any order: address and port.
    const peers = Buffer.from(second.peers as Uint8Array).toString('hex');
    expect([peers.slice(0, 12), peers.slice(12)].sort()).toEqual(['7f0000010fa1', '7f0000010fa2']);
    expect(String(Buffer.from((await ask('ab'.repeat(20), 4001))['failure reason'] as Uint8Array))).toContain(
      'info_hash',
    );
  });

  it('limits HTTP announces of one address', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 80 }, async () => (await fetch(`${server.url}/announce?info_hash=x`)).status),
    );
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(10);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(50);
  });
});

describe('a hostile tracker client', () => {
  it.each<[string, () => unknown]>([
    ['no JSON', () => '{'],
    ['not an object', () => '[]'],
    ['null', () => 'null'],
    ['no action', () => ({ info_hash: hash, peer_id: peerId('x') })],
    ['null offers', () => announce('x', { offers: [null] })],
    ['an offer without description', () => announce('x', { offers: [{ offer_id: 'o' }] })],
    ['offers as an object', () => announce('x', { offers: { length: 3 } })],
    ['a large number of offers', () => announce('x', { offers: Array(MAX_OFFERS + 1).fill(offer()) })],
    ['a large offer', () => announce('x', { offers: [offer('x'.repeat(MAX_SDP_CHARACTERS + 1))] })],
    ['an answer to nobody', () => announce('x', { answer: { type: 'answer', sdp: '' } })],
    ['an answer of another type', () => announce('x', { answer: 'yes', to_peer_id: peerId('a') })],
    ['a short info hash', () => announce('x', { info_hash: 'short' })],
    ['an info hash that is no bytes', () => announce('x', { info_hash: '\u2603'.repeat(20) })],
    ['an unknown info hash', () => announce('x', { info_hash: binary('ab'.repeat(20)) })],
    ['an info hash named like a property', () => announce('x', { info_hash: '__proto__'.padEnd(20, '_') })],
    ['an unknown event', () => announce('x', { event: 'error' })],
    ['left as an object', () => announce('x', { left: {} })],
    ['a scrape of everything', () => ({ action: 'scrape' })],
    ['a scrape of a number', () => ({ action: 'scrape', info_hash: 7 })],
    ['a scrape of an unknown hash', () => ({ action: 'scrape', info_hash: [binary('ab'.repeat(20))] })],
    ['a peer id as a number', () => announce('x', { peer_id: 12345 })],
  ])('is refused: %s', async (_name, message) => {
    const honest = await TrackerClient.connect(server.url);
    await honest.ask(announce('a', { event: 'started' }));
    const hostile = await TrackerClient.connect(server.url);
    expect(await hostile.ask(message())).toEqual({ 'failure reason': expect.any(String) });
    expect(await honest.ask(announce('a'))).toMatchObject({ incomplete: 1 });
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/^shoal_tracker_refused_total{reason="(malformed|unknown info_hash)"} 1$/m);
  });

  it('is dropped after a few refusals, and heard no more', async () => {
    const hostile = await TrackerClient.connect(server.url);
    for (let i = 0; i < MAX_REFUSALS; i++) hostile.send(announce('x', { offers: [null] }));
    hostile.send(announce('x', { event: 'started' }));
    expect(await hostile.closed).toBe(1008);
    expect(await counts()).toEqual({ complete: 0, incomplete: 0 });
  });

  it('cannot make another leave, nor speak for two', async () => {
    const victim = await TrackerClient.connect(server.url);
    await victim.ask(announce('victim', { event: 'started' }));
    const hostile = await TrackerClient.connect(server.url);
    expect(await hostile.ask(announce('victim', { event: 'stopped' }))).toEqual({
      'failure reason': 'foreign peer_id',
    });
    expect(await hostile.ask(announce('hostile', { event: 'started' }))).toMatchObject({ incomplete: 2 });
    expect(await hostile.ask(announce('victim', { event: 'stopped' }))).toEqual({
      'failure reason': 'foreign peer_id',
    });
    expect(await hostile.ask(announce('third', { event: 'started' }))).toEqual({ 'failure reason': 'foreign peer_id' });
    expect(await counts()).toEqual({ complete: 0, incomplete: 2 });
  });

  it('leaves its peer id to whoever comes after it', async () => {
    const first = await TrackerClient.connect(server.url);
    await first.ask(announce('a', { event: 'started' }));
    await first.close();
    await expect.poll(counts, { timeout: 10_000 }).toEqual({ complete: 0, incomplete: 0 });
    const second = await TrackerClient.connect(server.url);
    expect(await second.ask(announce('a', { event: 'started' }))).toMatchObject({ incomplete: 1 });
  });

  it('cannot send a message over the limit', async () => {
    const hostile = await TrackerClient.connect(server.url);
    hostile.send('x'.repeat(300 * 1024));
    expect(await hostile.closed).toBe(1009);
    expect(await server.metric('shoal_tracker_refused_total{reason="socket"}')).toBe(1);
  });

  it('cannot flood', async () => {
    const hostile = await TrackerClient.connect(server.url);
    for (let i = 0; i < TRACKER_BURST_MESSAGES * 2; i++) hostile.send(scrape());
    expect(await hostile.closed).toBe(1008);
    expect(await server.metric('shoal_tracker_refused_total{reason="rate"}')).toBe(MAX_REFUSALS);
  });

  it('that vanishes in the middle of an introduction harms nobody', async () => {
    const [a, b] = await Promise.all([TrackerClient.connect(server.url), TrackerClient.connect(server.url)]);
    await a.ask(announce('a', { event: 'started', left: 0 }));
    void a.close();
    for (let i = 0; i < 20; i++) b.send(announce('b', { offers: [offer()] }));
    await delay(100);
    const answer = { type: 'answer', sdp: '' };
    b.send(announce('b', { answer, offer_id: 'o', to_peer_id: peerId('a') }));
    await delay(50);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });
});
