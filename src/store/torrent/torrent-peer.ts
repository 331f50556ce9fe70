import type { PeerConnection, Torrent } from 'webtorrent';
import { ShoalError } from '../../core/errors.ts';

/** Gathering candidates behind a slow STUN server; simple-peer itself goes on with what it has after five seconds. */
const DESCRIPTION_TIMEOUT_MS = 10_000;

/**
 * A WebRTC connection as the torrent's own tracker client makes them, but met in another way.
 * @throws ShoalError `shard-missing` before the torrent has a tracker client, or after its end
 */
export function createTorrentPeer(torrent: Torrent, initiator: boolean): PeerConnection {
  // The bundle exports no simple-peer; a tracker client makes them whether it reaches its tracker or not.
  const factory = torrent.destroyed ? undefined : torrent.discovery?.tracker?._trackers[0];
  if (!factory) throw new ShoalError('shard-missing', 'This shard is not exchanged here now.');
  const peer = factory._createPeer({ initiator });
  // Without a listener an error would be thrown at the page; whoever waits for the peer sees it end.
  peer.on('error', () => undefined);
  return peer;
}

/** The session description that the peer makes: an offer, or the answer to what it was given. @throws ShoalError `bad-request` */
export function descriptionOf(peer: PeerConnection): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const fail = () => reject(new ShoalError('bad-request', 'No session description came of it.'));
  const timer = setTimeout(fail, DESCRIPTION_TIMEOUT_MS);
  peer.once('signal', ({ sdp }) => resolve(sdp));
  for (const event of ['error', 'close'] as const) peer.once(event, fail);
  return promise.finally(() => clearTimeout(timer));
}
