import Peer from '@thaunknown/simple-peer/lite.js';
import type { PeerConnection } from 'webtorrent';

/** A WebRTC connection as a tracker client makes them, but met in another way. */
export function createTorrentPeer(iceServers: readonly RTCIceServer[], initiator: boolean): PeerConnection {
  const peer: PeerConnection = new Peer({ initiator, trickle: false, config: { iceServers: [...iceServers] } });
  // Without a listener an error would be thrown at the page; whoever waits for the peer sees it end.
  peer.on('error', () => undefined);
  return peer;
}
