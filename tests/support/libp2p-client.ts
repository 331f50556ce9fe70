import { setTimeout as delay } from 'node:timers/promises';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { type GossipSubComponents, gossipsub } from '@libp2p/gossipsub';
import { identify, identifyPush } from '@libp2p/identify';
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht';
import { ping } from '@libp2p/ping';
import { webSockets } from '@libp2p/websockets';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { ServerGossip } from '../../src/net/libp2p/server-gossip.ts';
import { DHT_NAMESPACE, DHT_PROTOCOL, validateShardRecord } from '../../src/protocol/directory.ts';
import { relayMultiaddr } from '../../src/protocol/server-config.ts';

const PLACE_TIMEOUT_MS = 20_000;

export type Libp2pClient = Awaited<ReturnType<typeof createClient>>;

interface ClientOptions {
  /** Whether it speaks the gossip's protocol: a tab does so with one of its servers. */
  readonly gossips?: boolean;
  /** It dials this peer alone: its look-ups would lead it to others. */
  readonly only?: string;
}

/** A libp2p node as a tab's, without WebRTC: it knows the server and what the server tells it. */
async function createClient({ gossips = true, only }: ClientOptions) {
  return createLibp2p({
    addresses: { listen: ['/p2p-circuit'] },
    transports: [webSockets(), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // Thirty handshakes at once in one process on a busy machine take a while.
    connectionManager: { dialTimeout: PLACE_TIMEOUT_MS, addressDialTimeout: PLACE_TIMEOUT_MS },
    connectionGater: {
      denyDialMultiaddr: () => false,
      denyDialPeer: (peer) => only !== undefined && peer.toString() !== only,
    },
    services: {
      identify: identify(),
      identifyPush: identifyPush(),
      ping: ping(),
      dht: kadDHT({
        protocol: DHT_PROTOCOL,
        clientMode: true,
        // Queries wait for the first look-up of the node itself, by default for a second.
        initialQuerySelfInterval: 10,
        peerInfoMapper: passthroughMapper,
        validators: { [DHT_NAMESPACE]: (key, value) => void validateShardRecord(key, value) },
        selectors: { [DHT_NAMESPACE]: () => 0 },
      }),
      gossip: (components: GossipSubComponents) =>
        gossipsub({ scoreParams: { IPColocationFactorWeight: 0 } })(
          gossips ? components : new ServerGossip(() => true).view(components),
        ),
    },
  });
}

/** Connects to the relay of the server at `url` and waits for a place there. */
export async function connectClient(url: string, peerId: string, options: ClientOptions = {}): Promise<Libp2pClient> {
  const client = await createClient(options);
  await client.dial(multiaddr(relayMultiaddr({ peerId }, url)));
  const hasPlace = () => client.getMultiaddrs().some((address) => address.toString().includes('/p2p-circuit'));
  for (const deadline = Date.now() + PLACE_TIMEOUT_MS; !hasPlace(); await delay(10)) {
    if (Date.now() > deadline) throw new Error('The relay gave no place in time.');
  }
  return client;
}
