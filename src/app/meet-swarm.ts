import type { Transport } from '../net/transport.ts';
import type { Lack } from './app-model.ts';
import { fetchModel, type IntroducedModel, type KnownServer } from './introduction.ts';
import { inviteFragment, parseInvite } from './invite.ts';
import type { PrivateMembership } from './private-model.ts';
import { lazyTransport, type SessionParts } from './swarm-session.ts';

/** A swarm that this page is about to take part in. */
export interface MetSwarm {
  readonly model: IntroducedModel;
  /** Opens this tab's connection to the swarm, or gives the one that is open. */
  readonly network: () => Promise<Transport>;
  /** Undefined where the swarm is open to everybody. */
  readonly membership: PrivateMembership | undefined;
  /** Where the swarm is a simulation: what this tab takes part with. */
  readonly parts?: SessionParts;
}

/**
 * Meets the swarm that the page's address names.
 * @throws ShoalError `model-unavailable`; of a private swarm `not-admitted`, `bad-request` too
 */
export async function meetSwarm(server: KnownServer, lacks: readonly Lack[]): Promise<MetSwarm> {
  const invite = parseInvite(location.hash);
  if (!invite || (invite.secret === undefined && invite.privateName === undefined)) {
    return meetOpenSwarm(server, invite?.manifestId, lacks);
  }
  // Before anybody can see the secret: on a screenshot, in a bookmark, in the browser's history.
  if (invite.secret !== undefined) {
    const { manifestId } = invite;
    history.replaceState(history.state, '', `#${inviteFragment({ manifestId, privateName: '' })}`);
  }
  const { enterPrivately } = await import('./private-model.ts');
  const { model, network, ...membership } = await enterPrivately(invite, {
    networkOf: (swarm) => lazyTransport(server, lacks, { swarm }),
    server,
  });
  return { model, network, membership };
}

/**
 * Meets an open swarm.
 * @param manifestId - as an invite names it; the server's first model without one
 * @throws ShoalError `model-unavailable`, `aborted`
 */
export async function meetOpenSwarm(
  server: KnownServer,
  manifestId: string | undefined,
  lacks: readonly Lack[],
  signal?: AbortSignal,
): Promise<MetSwarm> {
  const network = lazyTransport(server, lacks, { manifestId: manifestId ?? server.models[0]?.manifest });
  return { network, model: await fetchModel(server, manifestId, network, signal), membership: undefined };
}
