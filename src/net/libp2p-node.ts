import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { gossipsub } from '@libp2p/gossipsub';
import { identify, identifyPush } from '@libp2p/identify';
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht';
import { ping } from '@libp2p/ping';
import { webRTC } from '@libp2p/webrtc';
import { webSockets } from '@libp2p/websockets';
import { createLibp2p } from 'libp2p';
import { DHT_NAMESPACE, DHT_PROTOCOL, validateShardRecord } from '../protocol/directory.ts';
import { FRAME_SLICE_BYTES } from '../protocol/limits.ts';

/** A connection is given up when a ping has had no answer for so long; channels with a heartbeat know sooner. */
const PING_TIMEOUT_MS = 8000;
const PING_INTERVAL_MS = 2000;

/** Builds the tab's libp2p node: WebRTC between tabs, a relay for the introduction, DHT client, gossip. */
export async function createTabNode(iceServers: readonly RTCIceServer[]) {
  return createLibp2p({
    addresses: { listen: ['/p2p-circuit', '/webrtc'] },
    transports: [
      webSockets(),
      webRTC({
        rtcConfiguration: { iceServers: [...iceServers] },
        dataChannel: { maxMessageSize: FRAME_SLICE_BYTES },
      }),
      circuitRelayTransport(),
    ],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // The default refuses private addresses; laptops in a room have no others.
    connectionGater: { denyDialMultiaddr: () => false },
    connectionMonitor: {
      pingInterval: PING_INTERVAL_MS,
      pingTimeout: { minTimeout: PING_TIMEOUT_MS, maxTimeout: PING_TIMEOUT_MS },
    },
    services: {
      identify: identify(),
      identifyPush: identifyPush(),
      ping: ping(),
      dht: kadDHT({
        protocol: DHT_PROTOCOL,
        clientMode: true,
        // The default drops private addresses, and every look-up then finds nobody.
        peerInfoMapper: passthroughMapper,
        validators: { [DHT_NAMESPACE]: async (key, value) => void validateShardRecord(key, value) },
        selectors: { [DHT_NAMESPACE]: () => 0 },
      }),
      gossip: gossipsub({
        allowPublishToZeroTopicPeers: true,
        emitSelf: false,
        // Several tabs of one laptop share an address, and all come through one relay.
        scoreParams: { IPColocationFactorWeight: 0 },
      }),
    },
  });
}

export type TabNode = Awaited<ReturnType<typeof createTabNode>>;
