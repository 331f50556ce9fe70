import { ShoalError } from '../../core/errors.ts';
import type { Unsubscribe } from '../../core/events.ts';
import type { Transport } from '../../net/transport.ts';
import { deriveKeys, type SwarmSecret } from '../../protocol/private-swarm.ts';

/** Moves the members of a private swarm to a new secret. */
const MOVE_PROTOCOL = '/shoal/move/1.0.0';
/** A member is moved within it, or has to be given the new link by hand. */
const MOVE_TIMEOUT_MS = 10_000;

/**
 * Listens for members who move the swarm to a new secret.
 * @param name - of this swarm: it is nowhere to move to
 * @param onMove - told a member's secret of another swarm, and who sent it
 */
export function listenForMoves(
  transport: Transport,
  name: string,
  onMove: (secret: SwarmSecret, from: string) => void,
): Unsubscribe {
  return transport.handleRequests(MOVE_PROTOCOL, async (from, request) => {
    if (!transport.mayServe(from)) throw new ShoalError('consent-required', 'Guests do not move a swarm.');
    const secret = new TextDecoder().decode(request);
    const keys = deriveKeys(secret);
    if (keys.role !== 'member') throw new ShoalError('bad-request', 'Members do not move to a secret of guests.');
    if (keys.name === name) throw new ShoalError('bad-request', 'The swarm has this secret already.');
    onMove(secret, from);
    return Uint8Array.of(1);
  });
}

/** Tells members the new secret; guests are not told. @returns how many have taken it */
export async function moveMembers(
  transport: Transport,
  peerIds: readonly string[],
  secret: SwarmSecret,
): Promise<number> {
  const request = new TextEncoder().encode(secret);
  const told = await Promise.allSettled(
    peerIds.map(async (peerId) => {
      const options = { signal: AbortSignal.timeout(MOVE_TIMEOUT_MS) };
      await transport.connect(peerId, options);
      // Only now it is known for sure.
      if (!transport.mayServe(peerId)) throw new ShoalError('consent-required', 'Guests stay behind.');
      await transport.request(peerId, MOVE_PROTOCOL, request, options);
    }),
  );
  return told.filter(({ status }) => status === 'fulfilled').length;
}
