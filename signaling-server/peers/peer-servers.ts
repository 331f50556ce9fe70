import type { Libp2p, PeerId } from '@libp2p/interface';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { ShoalError } from '../../src/core/errors.ts';
import { answerOn } from '../../src/net/channel/answer-stream.ts';
import { InFlight } from '../../src/net/channel/in-flight.ts';
import {
  DIRECTORY_PROTOCOL,
  encodeDirectoryMessage,
  parseDirectoryRequest,
} from '../../src/protocol/directory-exchange.ts';
import { MAX_COMMANDS_IN_FLIGHT } from '../../src/protocol/limits.ts';
import { encodeHello, PEER_SERVER_PROTOCOL, parseHello } from '../../src/protocol/peer-servers.ts';
import { MAX_PEER_SERVERS, type PeerServer } from '../../src/protocol/server-config.ts';
import { PeerLink } from './peer-link.ts';

export interface PeerServersOptions {
  /** Pages of the other servers. */
  readonly urls: readonly URL[];
  /** The open swarms that this server serves. */
  readonly manifestIds: readonly string[];
  /** Who is connected here and holds what the key names. */
  readonly holders: (key: string) => string[];
  /** Another server has come, or come back, or gone. */
  readonly onChange: () => void;
}

/**
 * The other servers of the same swarms. Each operator names those whom he trusts: a server that only one of the two has
 * named is told nothing, is believed nothing, and no tab hears of it.
 */
export class PeerServers {
  readonly #options: PeerServersOptions;
  readonly #links: readonly PeerLink[];
  readonly #stop = new AbortController();

  /** @throws ShoalError `bad-request` when there are too many */
  constructor(options: PeerServersOptions) {
    const urls = new Map(options.urls.map((url) => [url.href, url]));
    if (urls.size > MAX_PEER_SERVERS) {
      throw new ShoalError('bad-request', `At most ${MAX_PEER_SERVERS} servers share a swarm, found ${urls.size}.`);
    }
    this.#options = options;
    const hello = () => ({ manifests: [...options.manifestIds] });
    this.#links = [...urls.values()].map((url) => new PeerLink({ url, hello, onChange: options.onChange }));
  }

  /** Other servers that answer. */
  get size(): number {
    return this.#joined().length;
  }

  /** For the tabs. */
  list(): PeerServer[] {
    const { manifestIds } = this.#options;
    return this.#joined().map(({ url, peerId, manifests }) => ({
      url: url.href,
      relay: { peerId },
      manifests: manifests.filter((manifest) => manifestIds.includes(manifest)),
    }));
  }

  /** Whether the peer is a server that the operator has named: what it repeats was vouched for there. */
  isNamed(peerId: string): boolean {
    return this.#links.some((link) => link.peerId === peerId);
  }

  /** Whether it has named this server too. */
  isJoined(peerId: string): boolean {
    return this.#joined().some((peer) => peer.peerId === peerId);
  }

  /**
   * Whether a link dials the peer now. Gossip and DHT would dial it too, by its name alone: the link would join their
   * dial, which looks in vain for an address.
   */
  isDialing(peerId: string): boolean {
    return this.#links.some((link) => link.dialing && link.peerId === peerId);
  }

  /** Nobody else's address is called, whoever tells of it. */
  mayDial(address: Multiaddr): boolean {
    return this.#links.some((link) => link.address !== undefined && multiaddr(link.address).equals(address));
  }

  /** Meets the others from now on. */
  async start(node: Libp2p): Promise<void> {
    const answering = new InFlight(MAX_COMMANDS_IN_FLIGHT);
    const answerNamed = (peer: PeerId, answer: (request: Uint8Array) => Uint8Array) => async (request: Uint8Array) => {
      if (!this.isNamed(peer.toString())) throw new ShoalError('not-admitted', `${peer} is no server that was named.`);
      return answer(request);
    };
    const handle = (protocol: string, answer: (request: Uint8Array) => Uint8Array) =>
      node.handle(protocol, (stream, { remotePeer }) => {
        const answered = answerNamed(remotePeer, answer);
        answerOn(stream, {
          from: remotePeer.toString(),
          handler: () => (_from, request) => answered(request),
          answering,
        });
      });
    await handle(PEER_SERVER_PROTOCOL, (request) => {
      parseHello(request);
      return encodeHello({ manifests: [...this.#options.manifestIds] });
    });
    await handle(DIRECTORY_PROTOCOL, (bytes) => {
      const request = parseDirectoryRequest(bytes);
      const holders = 'find' in request ? this.#options.holders(request.find) : [];
      return encodeDirectoryMessage({ records: [], holders });
    });
    for (const link of this.#links) void link.keep(node, this.#stop.signal);
  }

  /**
   * Who holds what a key names, at the other servers.
   * @returns by holder the multiaddr of the relay that introduces it
   */
  async find(key: string): Promise<Map<string, string>> {
    const found = await Promise.all(
      this.#joined().map(async ({ link, address }) => {
        const holders = await link.find(key).catch(() => []);
        return holders.map((holder) => [holder, address] as const);
      }),
    );
    return new Map(found.flat());
  }

  close(): void {
    this.#stop.abort();
  }

  /** Each once, also where it was named by two addresses. */
  #joined() {
    const byId = new Map(
      this.#links.flatMap((link) => {
        const { url, peerId, address, joined } = link;
        return joined && peerId && address ? [[peerId, { link, url, peerId, address, ...joined }] as const] : [];
      }),
    );
    return [...byId.values()];
  }
}
