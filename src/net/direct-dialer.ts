import type { Connection } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { ShoalError } from '../core/errors.ts';
import type { TabNode } from './libp2p-node.ts';

/** One dial in five hangs in the WebRTC handshake (@libp2p/webrtc 6.0.33): cut it short and try again. */
const DIAL_TIMEOUT_MS = 5000;
const DIAL_ATTEMPTS = 4;

/** Opens direct connections to other tabs, each introduced through the relay. */
export class DirectDialer {
  readonly #node: TabNode;
  readonly #relay: Multiaddr;
  readonly #dialing = new Map<string, Promise<Connection>>();

  constructor(node: TabNode, relay: Multiaddr) {
    this.#node = node;
    this.#relay = relay;
  }

  /** The open connection that does not go through the relay. */
  connection(peerId: string): Connection | undefined {
    return this.#node
      .getConnections()
      .find((connection) => connection.remotePeer.toString() === peerId && isDirect(connection));
  }

  /** @throws ShoalError `peer-unreachable` */
  async connect(peerId: string): Promise<Connection> {
    const open = this.connection(peerId);
    if (open) return open;
    let dialing = this.#dialing.get(peerId);
    if (!dialing) {
      dialing = this.#dial(peerId).finally(() => this.#dialing.delete(peerId));
      this.#dialing.set(peerId, dialing);
    }
    return dialing;
  }

  async #dial(peerId: string): Promise<Connection> {
    const address = this.#relay.encapsulate(multiaddr(`/p2p-circuit/webrtc/p2p/${peerId}`));
    let cause: unknown;
    for (let attempt = 0; attempt < DIAL_ATTEMPTS; attempt++) {
      try {
        const connection = await this.#node.dial(address, {
          signal: AbortSignal.timeout(DIAL_TIMEOUT_MS),
          force: attempt > 0,
        });
        if (isDirect(connection)) return connection;
      } catch (error) {
        cause = error;
      }
      // The peer may have reached us meanwhile.
      const open = this.connection(peerId);
      if (open) return open;
      if (!this.#known(peerId) && attempt > 0) break;
    }
    throw new ShoalError(
      'peer-unreachable',
      `No direct connection to ${peerId} came about: ${ShoalError.from(cause).message}`,
      { cause },
    );
  }

  /** Whether anything of the peer is left, such as the relayed connection of an attempt under way. */
  #known(peerId: string): boolean {
    return this.#node.getConnections(peerIdFromString(peerId)).length > 0;
  }
}

/** A relayed connection has limits; it only carries the introduction. */
export function isDirect(connection: Connection): boolean {
  return connection.status === 'open' && connection.limits === undefined;
}
