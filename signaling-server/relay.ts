import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { circuitRelayServer } from '@libp2p/circuit-relay-v2';
import type { GossipSub } from '@libp2p/gossipsub';
import { identify, identifyPush } from '@libp2p/identify';
import type { PrivateKey } from '@libp2p/interface';
import { ping } from '@libp2p/ping';

import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { type AddressFilter, createLibp2p } from 'libp2p';
import { ShoalError } from '../src/core/errors.ts';
import { presenceTopic } from '../src/protocol/directory.ts';
import {
  HANDSHAKE_TIMEOUT_MS,
  MAX_INTRODUCTIONS_PER_TAB,
  MAX_RELAYED_BYTES,
  MAX_RELAYED_MS,
  MAX_SOCKETS,
  PING_INTERVAL_MS,
  PING_TIMEOUT_MS,
  PROVIDER_SWEEP_MS,
} from './limits.ts';
import { PeerServers } from './peers/peer-servers.ts';
import { presenceGossip } from './presence-gossip.ts';
import { RecentPeers } from './recent-peers.ts';
import type { ServedModel } from './served-model.ts';
import { ShardDirectory } from './shard-directory.ts';
import { sturdyWebSockets } from './sturdy-web-sockets.ts';

export interface RelayOptions {
  readonly privateKey: PrivateKey;
  readonly models: readonly ServedModel[];
  /** Multiaddrs by which tabs reach the relay through the server's own port; read when somebody asks. */
  readonly publicAddresses: (peerId: string) => readonly string[];
  /** Pages of the other servers of the same swarms. */
  readonly peerServers: readonly URL[];
}

/** The server's libp2p node. */
export interface Relay {
  readonly peerId: string;
  /** Loopback port of its WebSocket listener. */
  readonly port: number;
  connections(): number;
  reservations(): number;
  /** Registrations in the DHT. */
  providers(): number;
  /** Tabs that listen to a swarm here. */
  gossipPeers(): number;
  /** Other servers of the same swarms that answer. */
  readonly peerServers: Pick<PeerServers, 'list' | 'size'>;
  /** Tells the loopback port of each connection whose handshake is done. */
  onConnection(listener: (port: number) => void): void;
  close(): Promise<void>;
}

/** Starts the node that introduces tabs to each other: relay, DHT, gossip. It never carries a prompt or a tensor. */
export async function startRelay({ privateKey, models, publicAddresses, ...options }: RelayOptions): Promise<Relay> {
  const manifestIds = models.map(({ manifestId }) => manifestId);
  const peerServers: PeerServers = new PeerServers({
    urls: options.peerServers,
    manifestIds,
    holders: (key) => directory.holders(key),
    onChange: () => meetServers(),
  });
  const find = options.peerServers.length > 0 ? (key: string) => peerServers.find(key) : undefined;
  const directory = await ShardDirectory.create(models, find);
  const recent = new RecentPeers();
  let announced: AddressFilter = (listening) => listening;
  const node = await createLibp2p({
    privateKey,
    addresses: {
      listen: ['/ip4/127.0.0.1/tcp/0/ws'],
      announceFilter: (listening) => announced(listening),
    },
    transports: [sturdyWebSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // Tabs dial the server, never the other way round: nobody may make it call an address of their choice.
    connectionGater: {
      denyDialPeer: (peerId) => !peerServers.isDialing(peerId.toString()),
      denyDialMultiaddr: (address) => !peerServers.mayDial(address),
    },
    connectionManager: {
      maxConnections: MAX_SOCKETS,
      // All come from the loopback proxy, which counts by the client's address: a cap for one address is one for everybody.
      inboundConnectionThreshold: Number.MAX_SAFE_INTEGER,
      maxIncomingPendingConnections: Number.MAX_SAFE_INTEGER,
      inboundUpgradeTimeout: HANDSHAKE_TIMEOUT_MS,
    },
    connectionMonitor: {
      pingInterval: PING_INTERVAL_MS,
      pingTimeout: { minTimeout: PING_TIMEOUT_MS, maxTimeout: PING_TIMEOUT_MS },
    },
    // While a tab is connected its addresses are good; by default they count for an hour, and holders without are unnamed.
    peerStore: { maxAddressAge: Number.POSITIVE_INFINITY, maxPeerAge: Number.POSITIVE_INFINITY },
    services: {
      identify: identify(),
      identifyPush: identifyPush(),
      ping: ping(),
      relay: circuitRelayServer({
        maxInboundHopStreams: MAX_INTRODUCTIONS_PER_TAB,
        maxOutboundStopStreams: MAX_INTRODUCTIONS_PER_TAB,
        reservations: {
          // Every tab that is connected can be introduced.
          maxReservations: MAX_SOCKETS,
          defaultDataLimit: MAX_RELAYED_BYTES,
          defaultDurationLimit: MAX_RELAYED_MS,
        },
      }),
      dht: directory.service,
      gossip: presenceGossip({ manifestIds, recent, isServer: (peerId) => peerServers.isNamed(peerId) }),
    },
  });
  const port = portOf(node.getMultiaddrs());
  // From here on tabs are told the server's own port instead of the loopback one behind it.
  announced = () => publicAddresses(node.peerId.toString()).map((address) => multiaddr(address));
  const { relay, gossip, dht } = node.services;
  // Every message goes to the other servers, also where more tabs listen than hear the server at first hand.
  const direct = (gossip as GossipSub & { readonly direct: Set<string> }).direct;
  const meetServers = () => {
    direct.clear();
    for (const { relay } of peerServers.list()) direct.add(relay.peerId);
    void directory.share(dht);
  };
  for (const manifestId of manifestIds) gossip.subscribe(presenceTopic(manifestId));
  // What is known of a tab outlives it by hours otherwise, and every reload is another tab.
  node.addEventListener('peer:disconnect', ({ detail: peer }) => {
    recent.add(peer.toString());
    relay.reservations.delete(peer);
    directory.providers.forget(peer.toString());
    void node.peerStore.delete(peer);
  });
  const sweep = setInterval(() => {
    directory.providers.sweep(new Set(node.getPeers().map(String)));
  }, PROVIDER_SWEEP_MS).unref();
  await peerServers.start(node);
  return {
    peerId: node.peerId.toString(),
    port,
    connections: () => node.getConnections().length,
    reservations: () => relay.reservations.size,
    providers: () => directory.providers.size,
    gossipPeers: () => {
      const listeners = gossip.getTopics().flatMap((topic) => gossip.getSubscribers(topic).map(String));
      return [...new Set(listeners)].filter((listener) => !direct.has(listener)).length;
    },
    onConnection: (listener) =>
      node.addEventListener('connection:open', ({ detail: { direction, remoteAddr } }) => {
        if (direction === 'inbound') listener(portOf([remoteAddr]));
      }),
    peerServers,
    close: async () => {
      clearInterval(sweep);
      peerServers.close();
      await node.stop();
    },
  };
}

function portOf(addresses: readonly Multiaddr[]): number {
  const port = addresses[0]?.getComponents().find(({ name }) => name === 'tcp')?.value;
  if (port === undefined) throw new ShoalError('internal', 'The relay has no WebSocket listener.');
  return Number(port);
}
