import type { Transport } from '../net/transport.ts';
import { decodeManifest, manifestIdOf } from '../protocol/manifest.ts';
import { fetchManifest } from '../swarm/members/manifest-exchange.ts';
import type { IntroducedModel } from './introduction.ts';
import type { Invite } from './invite.ts';
import { enterPrivateSwarm, keep, type PrivateSwarm } from './private-swarm.ts';
import { ServerPass } from './server-pass.ts';

/** A private swarm as this tab takes part in it. */
export interface PrivateMembership {
  readonly swarm: PrivateSwarm;
  /** Where the server has been given the secret. */
  readonly pass: ServerPass | undefined;
}

export interface PrivateModel extends PrivateMembership {
  readonly model: IntroducedModel;
  readonly network: () => Promise<Transport>;
}

/**
 * Enters a private swarm, and gets its manifest: from a server that knows the secret, or else from a tab of the swarm.
 * @param networkOf - how this tab reaches the swarm
 * @throws ShoalError `not-admitted`, `bad-request`, `model-unavailable`
 */
export async function enterPrivately(
  invite: Invite,
  networkOf: (swarm: PrivateSwarm) => () => Promise<Transport>,
): Promise<PrivateModel> {
  const swarm = await enterPrivateSwarm(invite);
  const network = networkOf(swarm);
  const pass = await ServerPass.obtain(swarm.keys);
  const { manifestId } = invite;
  const kept = swarm.manifest && (await manifestIdOf(swarm.manifest)) === manifestId ? swarm.manifest : undefined;
  const bytes =
    kept ?? (pass && (await fetchServed(manifestId, pass))) ?? (await fetchManifest(await network(), manifestId));
  if (!kept) await keep(manifestId, { ...swarm, manifest: bytes });
  return { swarm, pass, network, model: { manifest: decodeManifest(bytes), manifestId, bytes, home: swarm.home } };
}

/** @returns undefined when the server gives something else, or nothing */
async function fetchServed(manifestId: string, pass: ServerPass): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const headers = { authorization: await pass.authorization() };
    const response = await fetch(pass.url('manifest.json'), { headers, cache: 'no-store' });
    const bytes = new Uint8Array(await response.arrayBuffer());
    return (await manifestIdOf(bytes)) === manifestId ? bytes : undefined;
  } catch {
    return undefined;
  }
}
