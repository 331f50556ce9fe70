import type { Lack } from '../../app/app-model.ts';
import type { KnownServer } from '../../app/introduction.ts';
import { type Invite, parseInvite } from '../../app/invite.ts';
import { type MetSwarm, meetOpenSwarm } from '../../app/meet-swarm.ts';
import { lazyTransport } from '../../app/swarm-session.ts';
import { ShoalError } from '../../core/errors.ts';

/** An invite link, taken apart. */
export interface Invited {
  /** The server's page. */
  readonly page: string;
  /** Undefined where the link is the address of a server alone. */
  readonly invite: Invite | undefined;
}

/** @throws ShoalError `bad-request` when this is no invite link */
export function readInvite(link: string | URL): Invited {
  const url = URL.parse(link, globalThis.document?.baseURI);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new ShoalError('bad-request', `The invite is "${link}", expected a link like https://shoal.example/#m=….`);
  }
  const invite = parseInvite(url.hash);
  if (!invite && url.hash.length > 1) {
    throw new ShoalError('bad-request', 'The invite link is damaged: it names no model. Copy the whole link.');
  }
  if (invite?.privateName !== undefined && invite.secret === undefined) {
    throw new ShoalError(
      'bad-request',
      "This is a private swarm's address without its secret. Copy the invite link that its page shows.",
    );
  }
  url.hash = '';
  return { page: url.href, invite };
}

/**
 * Meets the swarm of an invite. The page is another's: neither its address nor its storage learns a secret.
 * @throws ShoalError `model-unavailable`, `aborted`; of a private swarm `bad-request` too
 */
export async function meetInvited(
  server: KnownServer,
  invite: Invite | undefined,
  lacks: readonly Lack[],
  signal: AbortSignal | undefined,
): Promise<MetSwarm> {
  if (invite?.secret === undefined) return meetOpenSwarm(server, invite?.manifestId, lacks, signal);
  const { manifestId, secret } = invite;
  const [{ deriveKeys }, { meetPrivately }] = await Promise.all([
    import('../../protocol/private-swarm.ts'),
    import('../../app/private-model.ts'),
  ]);
  const keys = deriveKeys(secret);
  const { model, network, ...membership } = await meetPrivately({ secret, keys, home: keys.name }, manifestId, {
    networkOf: (swarm) => lazyTransport(server, lacks, { swarm }),
    server,
  });
  return { model, network, membership };
}
