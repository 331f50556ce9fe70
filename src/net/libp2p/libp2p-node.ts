import { noise, pureJsCrypto } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { type GossipSubComponents, gossipsub } from '@libp2p/gossipsub';
import { identify, identifyPush } from '@libp2p/identify';
import type { PrivateKey } from '@libp2p/interface';
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht';
import { ping } from '@libp2p/ping';
import { webRTC } from '@libp2p/webrtc';
import type { Multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { gossipMessageId } from '../../core/gossip-message-id.ts';
import { guardCandidates } from '../../core/ice-candidates.ts';
import { nextTask } from '../../core/next-task.ts';
import { DHT_NAMESPACE, DHT_PROTOCOL, validateShardRecord } from '../../protocol/directory.ts';
import { FRAME_SLICE_BYTES, MAX_BUFFERED_BYTES } from '../../protocol/limits.ts';
import { repeatMissedChannelEvents } from './late-channel-events.ts';
import { pathWebSockets } from './path-web-sockets.ts';
import { standInForBroadcastChannel } from './silent-broadcast.ts';

/** One attempt to reach a tab, all in all: some twenty round trips, up to a second each on a bad link. */
export const DIAL_TIMEOUT_MS = 30_000;

/**
 * A connection is given up when a ping has had no answer for so long. Between tabs their pulse knows sooner; a page that
 * was held up for half a minute must not find all its connections ended by its own timer.
 */
const PING_TIMEOUT_MS = 30_000;
const PING_INTERVAL_MS = 15_000;
/**
 * Pings of one connection under way at once. The default is one, and a second counts as a failure: a round trip longer
 * than the interval would end the connection.
 */
const MAX_PINGS = 8;
/**
 * Tabs that may call a newcomer in one second. All come through the relay's one address, so the default cap of five for
 * an address would be a cap for the whole swarm.
 */
const MAX_CALLS_PER_SECOND = 200;

/**
 * Tabs that hand every presence on to a tab: fewer than by default, as each repeats what all know, the server tells it
 * too, and the next presence says the same. It is most of what a tab does that only stays open.
 */
const MESH = { D: 3, Dlo: 2, Dhi: 4, Dscore: 2, Dout: 1, Dlazy: 2 };

/** What one peer sends of the gossip at once: dozens of the longest presences, where the default is 4 MB. */
const MAX_GOSSIP_RPC_BYTES = 512 * 1024;

export interface TabNodeOptions {
  /** Whether an address is a relay's that this tab uses, or of a tab behind it. */
  readonly mayDial: (address: Multiaddr) => boolean;
  /** Whether it is the peer id of a relay that this tab uses. */
  readonly isServer: (peerId: string) => boolean;
  /** Relays at which a place is wanted. */
  readonly relayCount: number;
  /** What the gossip sees of the node. */
  readonly gossipView?: ((components: GossipSubComponents) => GossipSubComponents) | undefined;
  readonly iceServers: readonly RTCIceServer[];
  /** The tab's identity. */
  readonly privateKey: PrivateKey;
}

/** Builds the tab's libp2p node: WebRTC between tabs, a relay for the introduction, DHT client, gossip. */
export async function createTabNode(options: TabNodeOptions) {
  const { mayDial, isServer, relayCount, iceServers, privateKey, gossipView = (components) => components } = options;
  guardCandidates(globalThis.RTCPeerConnection);
  repeatMissedChannelEvents(globalThis.RTCPeerConnection);
  standInForBroadcastChannel();
  // Evaluating the code, the first step on Noise's curve, making the node and starting it are a task each: together they
  // would hold a click up.
  await nextTask();
  const { privateKey: staticNoiseKey } = pureJsCrypto.generateX25519KeyPair();
  await nextTask();
  const node = await createLibp2p({
    start: false,
    privateKey,
    addresses: { listen: [...Array.from({ length: relayCount }, () => '/p2p-circuit'), '/webrtc'] },
    transports: [
      pathWebSockets(),
      webRTC({
        rtcConfiguration: { iceServers: [...iceServers] },
        dataChannel: { maxMessageSize: FRAME_SLICE_BYTES, maxBufferedAmount: MAX_BUFFERED_BYTES },
      }),
      circuitRelayTransport(),
    ],
    connectionEncrypters: [noise({ staticNoiseKey })],
    streamMuxers: [yamux()],
    // The default refuses private addresses; laptops in a room have no others.
    connectionGater: { denyDialMultiaddr: (address) => !mayDial(address) },
    connectionManager: {
      inboundConnectionThreshold: MAX_CALLS_PER_SECOND,
      maxIncomingPendingConnections: MAX_CALLS_PER_SECOND,
      addressDialTimeout: DIAL_TIMEOUT_MS,
    },
    connectionMonitor: {
      pingInterval: PING_INTERVAL_MS,
      pingTimeout: { minTimeout: PING_TIMEOUT_MS, maxTimeout: PING_TIMEOUT_MS },
    },
    services: {
      identify: identify(),
      identifyPush: identifyPush(),
      ping: ping({ maxInboundStreams: MAX_PINGS, maxOutboundStreams: MAX_PINGS }),
      dht: kadDHT({
        protocol: DHT_PROTOCOL,
        clientMode: true,
        // The default drops private addresses, and every look-up then finds nobody.
        peerInfoMapper: passthroughMapper,
        validators: { [DHT_NAMESPACE]: async (key, value) => void validateShardRecord(key, value) },
        selectors: { [DHT_NAMESPACE]: () => 0 },
      }),
      gossip: (components: GossipSubComponents) =>
        gossipsub({
          ...MESH,
          allowPublishToZeroTopicPeers: true,
          emitSelf: false,
          fastMsgIdFn: gossipMessageId,
          maxInboundDataLength: MAX_GOSSIP_RPC_BYTES,
          scoreParams: {
            // Several tabs of one laptop share an address, and all come through one relay.
            IPColocationFactorWeight: 0,
            // The server tells of those to whom there is no connection yet: it is not left out of a full mesh.
            appSpecificScore: (peerId) => (isServer(peerId) ? 1 : 0),
          },
        })(gossipView(components)),
    },
  });
  await nextTask();
  await node.start();
  await nextTask();
  return node;
}

export type TabNode = Awaited<ReturnType<typeof createTabNode>>;
