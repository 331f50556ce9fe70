import { setTimeout as delay } from 'node:timers/promises';
import type { Connection, Libp2p } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { ShoalError } from '../../src/core/errors.ts';
import { log } from '../../src/core/log.ts';
import { RequestStreams } from '../../src/net/channel/request-streams.ts';
import {
  DIRECTORY_PROTOCOL,
  encodeDirectoryMessage,
  parseDirectoryAnswer,
} from '../../src/protocol/directory-exchange.ts';
import {
  encodeHello,
  PEER_SERVER_PROTOCOL,
  type PeerServerHello,
  parseHello,
} from '../../src/protocol/peer-servers.ts';
import { relayMultiaddr } from '../../src/protocol/server-config.ts';
import {
  FIRST_PEER_SERVER_PAUSE_MS,
  FOREIGN_HOLDERS_TIMEOUT_MS,
  MAX_PEER_SERVER_PAUSE_MS,
  PEER_SERVER_HELLO_MS,
  PEER_SERVER_TIMEOUT_MS,
} from '../limits.ts';
import { fetchPeerConfig } from './peer-config.ts';

export interface PeerLinkOptions {
  /** The other server's page, with a slash at the end. */
  readonly url: URL;
  readonly hello: () => PeerServerHello;
  /** The two have begun, or ceased, to know each other. */
  readonly onChange: () => void;
}

/** One other server: found by its page's address, connected to, and found again whenever it was away. */
export class PeerLink {
  readonly url: URL;
  readonly #options: PeerLinkOptions;
  #peerId: string | undefined;
  #address: string | undefined;
  #connection: Connection | undefined;
  readonly #requests = new RequestStreams((_server, protocol, signal) =>
    this.#connection!.newStream(protocol, signal ? { signal } : {}),
  );
  #hello: PeerServerHello | undefined;
  #complaint: string | undefined;
  #dialing = false;

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.url = options.url;
  }

  /** Of its relay, as its page said last. */
  get peerId(): string | undefined {
    return this.#peerId;
  }

  /** Multiaddr of its relay, as its page said last. */
  get address(): string | undefined {
    return this.#address;
  }

  get dialing(): boolean {
    return this.#dialing;
  }

  /** What it serves; undefined unless it answers, and has named this server too. */
  get joined(): PeerServerHello | undefined {
    return this.#connection?.status === 'open' ? this.#hello : undefined;
  }

  /** Keeps the link until the signal fires. */
  async keep(node: Libp2p, signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await this.#meet(node, signal);
        failures = 0;
        this.#complaint = undefined;
        log.info('SERVERS', `${this.url} shares its swarms with this server.`);
        for (;;) {
          await delay(PEER_SERVER_HELLO_MS, undefined, { signal, ref: false });
          await this.#greet(signal);
        }
      } catch (error) {
        if (!signal.aborted) this.#lose(ShoalError.from(error).message);
      }
      const pauseMs = Math.min(MAX_PEER_SERVER_PAUSE_MS, FIRST_PEER_SERVER_PAUSE_MS * 2 ** failures);
      // Half of it is chance: two servers that start together do not go on in step.
      const slackMs = pauseMs * (0.5 + Math.random() / 2);
      await delay(slackMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Holders of a key that are connected to the other server. @throws ShoalError when it does not say so in time */
  async find(key: string): Promise<readonly string[]> {
    const request = encodeDirectoryMessage({ find: key });
    return parseDirectoryAnswer(await this.#ask(DIRECTORY_PROTOCOL, request, FOREIGN_HOLDERS_TIMEOUT_MS)).holders;
  }

  async #meet(node: Libp2p, signal: AbortSignal): Promise<void> {
    const { relay } = await fetchPeerConfig(this.url, signal);
    if (relay.peerId === node.peerId.toString()) {
      throw new ShoalError('bad-request', `${this.url} is this server itself: --peer-server names others.`);
    }
    this.#peerId = relay.peerId;
    this.#address = relayMultiaddr(relay, this.url);
    const timeout = AbortSignal.any([signal, AbortSignal.timeout(PEER_SERVER_TIMEOUT_MS)]);
    this.#dialing = true;
    try {
      this.#connection = await node.dial(multiaddr(this.#address), { signal: timeout });
    } finally {
      this.#dialing = false;
    }
    await this.#greet(signal);
  }

  async #greet(signal: AbortSignal): Promise<void> {
    const request = encodeHello(this.#options.hello());
    const joined = this.joined !== undefined;
    const answer = await this.#ask(PEER_SERVER_PROTOCOL, request, PEER_SERVER_TIMEOUT_MS, signal).catch((cause) => {
      if (this.#connection?.status !== 'open')
        throw new ShoalError('peer-unreachable', `${this.url} is away.`, { cause });
      const text = `${this.url} does not know this server (yet): its operator has to name it with --peer-server too.`;
      throw new ShoalError('not-admitted', text, { cause });
    });
    this.#hello = parseHello(answer);
    if (!joined) this.#options.onChange();
  }

  async #ask(protocol: string, request: Uint8Array, timeoutMs: number, signal?: AbortSignal): Promise<Uint8Array> {
    if (!this.#connection) throw new ShoalError('peer-unreachable', `${this.url} is away.`);
    const timeout = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]);
    return this.#requests.request(this.#connection.remotePeer.toString(), protocol, request, timeout);
  }

  #lose(why: string): void {
    const joined = this.#hello !== undefined;
    this.#hello = undefined;
    if (joined) this.#options.onChange();
    if (why === this.#complaint) return;
    this.#complaint = why;
    log.warn('SERVERS', `${why} Trying again.`);
  }
}
