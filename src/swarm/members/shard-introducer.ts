import { ShoalError } from '../../core/errors.ts';
import { shuffled } from '../../core/shuffled.ts';
import type { Transport } from '../../net/transport.ts';
import type { Manifest } from '../../protocol/manifest.ts';
import {
  encodeTorrentSignal,
  parseTorrentAnswer,
  parseTorrentOffer,
  TORRENT_SIGNAL_PROTOCOL,
  type TorrentDescription,
} from '../../protocol/torrent-signal.ts';
import type { Standing } from '../route/standing.ts';
import type { ShardRegistry } from './shard-registry.ts';

export interface ShardIntroducerOptions {
  readonly transport: Transport;
  readonly manifest: Manifest;
  readonly registry: ShardRegistry;
  /** How a peer is known in the swarm. */
  readonly standing: (peerId: string) => Standing;
  /** Answers the offer of `tab` for a shard of the manifest. @throws ShoalError */
  readonly answer: (tab: string, infoHash: string, offer: TorrentDescription) => Promise<TorrentDescription>;
}

/** Holders that one look names: it asks a few of them, and the next look names others. */
const MAX_HOLDERS = 64;

/**
 * Brings tabs together for the exchange of shards over the swarm's own connections: where the tracker is blocked or its
 * server is away, weights move all the same. Holders are whom the directory names.
 */
export class ShardIntroducer {
  readonly #options: ShardIntroducerOptions;

  constructor(options: ShardIntroducerOptions) {
    this.#options = options;
    options.transport.handleRequests(TORRENT_SIGNAL_PROTOCOL, (from, request) => this.#answer(from, request));
  }

  /**
   * Tabs that may have the shard, some of them: the connected first, the others only while somebody can introduce them,
   * and of these those whom the swarm knows before the rest, as anybody may register names.
   */
  async holders(infoHash: string, signal: AbortSignal): Promise<string[]> {
    const { transport, registry, standing } = this.#options;
    const { index } = this.#shard(infoHash);
    // Those who look at the same time do not all ask the same tab.
    const registered = shuffled(await registry.holders(index, signal)).filter((peerId) => peerId !== transport.peerId);
    const connected = new Set(transport.peers());
    const near = registered.filter((peerId) => connected.has(peerId));
    if (transport.introduction !== 'online') return near.slice(0, MAX_HOLDERS);
    const far = registered.filter((peerId) => !connected.has(peerId));
    const known = far.filter((peerId) => standing(peerId) !== 'heard');
    const unknown = far.filter((peerId) => standing(peerId) === 'heard');
    return [...near, ...known, ...unknown].slice(0, MAX_HOLDERS);
  }

  /** @throws ShoalError `peer-unreachable`, `peer-gone` when the tab takes no offer, `bad-request`, `aborted` */
  async offer(
    tab: string,
    infoHash: string,
    offer: TorrentDescription,
    signal: AbortSignal,
  ): Promise<TorrentDescription> {
    const request = encodeTorrentSignal({ infoHash, offer });
    return parseTorrentAnswer(await this.#options.transport.request(tab, TORRENT_SIGNAL_PROTOCOL, request, { signal }));
  }

  async #answer(from: string, request: Uint8Array): Promise<Uint8Array> {
    const { infoHash, offer } = parseTorrentOffer(request);
    this.#shard(infoHash);
    return encodeTorrentSignal(await this.#options.answer(from, infoHash, offer));
  }

  /** @throws ShoalError `shard-missing` unless it is one of this swarm's */
  #shard(infoHash: string) {
    const shard = this.#options.manifest.shards.find((other) => other.infoHash === infoHash);
    if (!shard) throw new ShoalError('shard-missing', `No shard of this swarm has the info hash ${infoHash}.`);
    return shard;
  }
}
