import type { PeerConnection } from 'webtorrent';
import { ShoalError } from '../../core/errors.ts';

/** Gathering candidates behind a slow STUN server; simple-peer itself goes on with what it has after five seconds. */
const DESCRIPTION_TIMEOUT_MS = 10_000;

/** The session description that the peer makes: an offer, or the answer to what it was given. @throws ShoalError `bad-request` */
export function descriptionOf(peer: PeerConnection): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const fail = () => reject(new ShoalError('bad-request', 'No session description came of it.'));
  const timer = setTimeout(fail, DESCRIPTION_TIMEOUT_MS);
  peer.once('signal', ({ sdp }) => resolve(sdp));
  for (const event of ['error', 'close'] as const) peer.once(event, fail);
  return promise.finally(() => clearTimeout(timer));
}
