import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import type { Transport } from '../../net/transport.ts';

/** Members that a tab connects to before it needs them: gossip and repair work on when the server is away. */
const MAX_EARLY_CONNECTIONS = 12;

/**
 * Connects to the members that follow this tab in the ring of ids, so that not everybody calls the same few.
 * @param peerIds - the members, ascending
 * @param joined - whether this tab is a member too. Of two that hear each other at the same time one calls: two calls at
 * once get in each other's way.
 */
export function connectEarly(transport: Transport, peerIds: readonly string[], joined: boolean): void {
  const connected = new Set(transport.peers());
  const next = peerIds.findIndex((peerId) => peerId > transport.peerId);
  const ring = next < 0 ? peerIds : [...peerIds.slice(next), ...peerIds.slice(0, next)];
  for (const peerId of ring.slice(0, MAX_EARLY_CONNECTIONS)) {
    if (connected.has(peerId) || (joined && transport.peerId > peerId)) continue;
    transport
      .connect(peerId)
      .catch((error: unknown) =>
        log.info('NET', `No direct connection to ${peerId} yet: ${ShoalError.from(error).message}`),
      );
  }
}
