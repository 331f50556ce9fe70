import { describe, expect, it } from 'vitest';
import { ShoalError } from '../../src/core/errors.ts';
import { MemoryNetwork } from '../../src/net/memory/memory-transport.ts';
import type { Transport } from '../../src/net/transport.ts';
import { shardRecordKey } from '../../src/protocol/directory.ts';
import type { Manifest } from '../../src/protocol/manifest.ts';
import { TORRENT_SIGNAL_PROTOCOL } from '../../src/protocol/torrent-signal.ts';
import { ShardIntroducer } from '../../src/swarm/members/shard-introducer.ts';
import { ShardRegistry } from '../../src/swarm/members/shard-registry.ts';

const INFO_HASH = '1'.repeat(40);
const manifest = {
  shards: [{ index: 0, fileName: 'shard-0.gguf', infoHash: INFO_HASH, sizeBytes: 1000 }],
} as unknown as Manifest;
const OFFER = { peerId: 'a'.repeat(40), sdp: 'offer' };
const { signal } = new AbortController();

interface Tab {
  readonly transport: Transport;
  readonly introducer: ShardIntroducer;
  readonly registry: ShardRegistry;
  readonly offers: string[];
}

function tabOn(network: MemoryNetwork, known: ReadonlySet<string> = new Set()): Tab {
  const transport = network.createTransport();
  const registry = new ShardRegistry(transport.directory, manifest, 'a'.repeat(64));
  const offers: string[] = [];
  const introducer = new ShardIntroducer({
    transport,
    manifest,
    registry,
    standing: (peerId) => (known.has(peerId) ? 'vouched' : 'heard'),
    answer: async (tab, infoHash, { peerId, sdp }) => {
      offers.push(`${tab} ${infoHash} ${peerId} ${sdp}`);
      if (sdp === 'refused') throw new ShoalError('limit-exceeded', 'Enough.');
      return { peerId: 'b'.repeat(40), sdp: 'answer' };
    },
  });
  return { transport, introducer, registry, offers };
}

describe('the introduction for a shard', () => {
  it('carries an offer to a holder and its answer back, without the server too', async () => {
    const network = new MemoryNetwork();
    const [holder, seeker] = [tabOn(network), tabOn(network)];
    await seeker.transport.connect(holder.transport.peerId);
    network.server.stop();
    await holder.registry.register(manifest.shards);
    const holders = await seeker.introducer.holders(INFO_HASH, signal);
    expect(holders).toEqual([holder.transport.peerId]);
    expect(await seeker.introducer.offer(holders[0]!, INFO_HASH, OFFER, signal)).toEqual({
      peerId: 'b'.repeat(40),
      sdp: 'answer',
    });
    expect(holder.offers).toEqual([`${seeker.transport.peerId} ${INFO_HASH} ${OFFER.peerId} offer`]);
  });

  it('names the connected holders first, and those alone while the server is away', async () => {
    const network = new MemoryNetwork();
    const [far, near, seeker] = [tabOn(network), tabOn(network), tabOn(network)];
    for (const { registry } of [far, near]) await registry.register(manifest.shards);
    await near.transport.connect(far.transport.peerId);
    await seeker.transport.connect(near.transport.peerId);
    const ids = [near, far].map(({ transport }) => transport.peerId);
    expect(await seeker.introducer.holders(INFO_HASH, signal)).toEqual(ids);
    network.server.stop();
    expect(await seeker.introducer.holders(INFO_HASH, signal)).toEqual(ids.slice(0, 1));
  });

  it('names the connected and the known before ten thousand names that somebody has registered', async () => {
    const network = new MemoryNetwork();
    const known = new Set<string>();
    const [near, far, seeker] = [tabOn(network), tabOn(network), tabOn(network, known)];
    known.add(far.transport.peerId);
    for (const { registry } of [near, far]) await registry.register(manifest.shards);
    await seeker.transport.connect(near.transport.peerId);
    const providers = network.server.providers.get(shardRecordKey('a'.repeat(64), 0))!;
    for (let name = 0; name < 10_000; name++) providers.add(`phantom ${name}`);
    const holders = await seeker.introducer.holders(INFO_HASH, signal);
    expect(holders.slice(0, 2)).toEqual([near, far].map(({ transport }) => transport.peerId));
    expect(holders.length).toBe(64);
    expect(await seeker.introducer.holders(INFO_HASH, signal)).not.toEqual(holders);
  });

  it.each<[string, unknown]>([
    ['of no shard of this swarm', { infoHash: '2'.repeat(40), offer: OFFER }],
    ['that is malformed', { infoHash: INFO_HASH, offer: { ...OFFER, sdp: 1 } }],
    ['with a long description', { infoHash: INFO_HASH, offer: { ...OFFER, sdp: 'x'.repeat(16 * 1024 + 1) } }],
    ['of nobody', { infoHash: INFO_HASH, offer: { ...OFFER, peerId: 'me' } }],
    ['that the exchange refuses', { infoHash: INFO_HASH, offer: { ...OFFER, sdp: 'refused' } }],
  ])('refuses an offer %s', async (name, message) => {
    const network = new MemoryNetwork();
    const [holder, seeker] = [tabOn(network), tabOn(network)];
    const request = new TextEncoder().encode(JSON.stringify(message));
    await expect(
      seeker.transport.request(holder.transport.peerId, TORRENT_SIGNAL_PROTOCOL, request),
    ).rejects.toMatchObject({ code: 'peer-gone' });
    expect(holder.offers.length).toBe(name.includes('exchange') ? 1 : 0);
  });
});
