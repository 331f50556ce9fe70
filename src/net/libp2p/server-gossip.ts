import type { GossipSubComponents } from '@libp2p/gossipsub';
import type { Connection, PeerId } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';

type Registrar = GossipSubComponents['registrar'];
type Topology = Parameters<Registrar['register']>[1];

/**
 * Gossips with one of several servers at a time: servers repeat presence among each other, so that every further one
 * would only tell this tab the same once more, and each message to each tab is most of what a server does.
 */
export class ServerGossip {
  readonly #isServer: (peerId: string) => boolean;
  #chosen: string | undefined;
  #topology: Topology | undefined;
  /** What servers that were not chosen have begun, by their peer ids. */
  readonly #held = new Map<string, { readonly connection: Connection; readonly admit: () => void }>();

  constructor(isServer: (peerId: string) => boolean) {
    this.#isServer = isServer;
  }

  get chosen(): string | undefined {
    return this.#chosen;
  }

  /** From now on the gossip is with this server. @param connection - to it, where one is open */
  choose(server: PeerId, connection: Connection | undefined): void {
    const name = server.toString();
    if (this.#chosen !== undefined && this.#chosen !== name) {
      this.#topology?.onDisconnect?.(peerIdFromString(this.#chosen));
    }
    this.#chosen = name;
    const held = this.#held.get(name);
    this.#held.delete(name);
    if (connection?.status !== 'open') return;
    this.#topology?.onConnect?.(server, connection);
    if (held?.connection.status === 'open') held.admit();
  }

  /** What the gossip sees of the tab's node. */
  readonly view = (components: GossipSubComponents): GossipSubComponents => {
    const { registrar } = components;
    const handle: Registrar['handle'] = (protocol, handler, options) =>
      registrar.handle(
        protocol,
        (stream, connection) => {
          const name = connection.remotePeer.toString();
          if (this.#admits(name)) return handler(stream, connection);
          this.#held.set(name, { connection, admit: () => void handler(stream, connection) });
          return undefined;
        },
        options,
      );
    const register: Registrar['register'] = (protocol, topology, options) => {
      this.#topology = topology;
      const onConnect: NonNullable<Topology['onConnect']> = (peerId, connection) => {
        if (this.#admits(peerId.toString())) topology.onConnect?.(peerId, connection);
      };
      return registrar.register(protocol, { ...topology, onConnect }, options);
    };
    const own = new Map<string | symbol, unknown>([
      ['handle', handle],
      ['register', register],
    ]);
    const view = new Proxy(registrar, {
      get: (target, property) => {
        const value: unknown = own.get(property) ?? Reflect.get(target, property);
        return typeof value === 'function' && !own.has(property) ? value.bind(target) : value;
      },
    });
    return { ...componentsOf(components), registrar: view };
  };

  #admits(peerId: string): boolean {
    return peerId === this.#chosen || !this.#isServer(peerId);
  }
}

/** libp2p hands its components over in a proxy that has no keys of its own. */
function componentsOf(components: GossipSubComponents): GossipSubComponents {
  const { privateKey, peerId, peerStore, registrar, connectionManager, logger } = components;
  return { privateKey, peerId, peerStore, registrar, connectionManager, logger };
}
