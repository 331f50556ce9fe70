import type { Transport } from '../net/transport.ts';
import { decodeManifest, manifestIdOf } from '../protocol/manifest.ts';
import { fetchManifest } from '../swarm/members/manifest-exchange.ts';
import type { IntroducedModel, KnownServer } from './introduction.ts';
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

/** How a private swarm is reached. */
export interface PrivateWay {
  readonly networkOf: (swarm: PrivateSwarm) => () => Promise<Transport>;
  /** That gave the page. */
  readonly server: Pick<KnownServer, 'page' | 'servesPrivateSwarm'>;
}

/**
 * Enters a private swarm for this page, whose address names it from then on.
 * @throws ShoalError `not-admitted`, `bad-request`, `model-unavailable`
 */
export async function enterPrivately(invite: Invite, way: PrivateWay): Promise<PrivateModel> {
  const swarm = await enterPrivateSwarm(invite);
  const entered = await meetPrivately(swarm, invite.manifestId, way);
  const { bytes } = entered.model;
  if (bytes !== swarm.manifest) await keep(invite.manifestId, { ...swarm, manifest: bytes });
  return entered;
}

/**
 * Gets a private swarm's manifest: from a server that knows the secret, or else from a tab of the swarm.
 * @throws ShoalError `bad-request`, `model-unavailable`
 */
export async function meetPrivately(
  swarm: PrivateSwarm,
  manifestId: string,
  { networkOf, server }: PrivateWay,
): Promise<PrivateModel> {
  const network = networkOf(swarm);
  // A server without one would answer 404, which browsers show as an error.
  const pass = server.servesPrivateSwarm ? await ServerPass.obtain(swarm.keys, server.page) : undefined;
  const kept = swarm.manifest && (await manifestIdOf(swarm.manifest)) === manifestId ? swarm.manifest : undefined;
  const bytes =
    kept ?? (pass && (await fetchServed(manifestId, pass))) ?? (await fetchManifest(await network(), manifestId));
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
