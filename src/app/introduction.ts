import { ShoalError } from '../core/errors.ts';
import { log } from '../core/log.ts';
import type { Transport } from '../net/transport.ts';
import { decodeManifest, type Manifest, manifestIdOf } from '../protocol/manifest.ts';
import { parseServerConfig, type ServerConfig } from '../protocol/server-config.ts';
import { fetchManifest } from '../swarm/members/manifest-exchange.ts';
import { serverUrl } from './server-url.ts';

/** A model as its server introduces it, checked. */
export interface IntroducedModel {
  readonly manifest: Manifest;
  readonly manifestId: string;
  /** The manifest's bytes, whose hash is `manifestId`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Under which this browser keeps what belongs to the swarm. */
  readonly home: string;
}

/** @throws ShoalError `model-unavailable` when the server does not answer */
export async function fetchServerConfig(signal?: AbortSignal): Promise<ServerConfig> {
  return parseServerConfig(await (await get('/config.json', signal)).json());
}

/**
 * The manifest that the invite names, or the server's first model without an invite: from the server, or where it gives
 * none, from a tab of the swarm.
 * @param transport - opens this tab's connection to the swarm
 * @throws ShoalError `model-unavailable` when neither the server nor a tab gives the one named
 */
export async function fetchModel(
  config: ServerConfig,
  manifestId: string | undefined,
  transport: () => Promise<Transport>,
  signal?: AbortSignal,
): Promise<IntroducedModel> {
  const model = manifestId ? config.models.find(({ manifest }) => manifest === manifestId) : config.models[0];
  if (!model) {
    throw new ShoalError(
      'model-unavailable',
      manifestId
        ? 'This server does not know the model of the invite link. Open the link at the server that it was made at.'
        : config.servesPrivateSwarm
          ? 'This server serves a private swarm. Open its invite link to take part.'
          : 'This server serves no model.',
    );
  }
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await fetchServedManifest(model, signal);
  } catch (error) {
    log.warn('SWARM', `${ShoalError.from(error).message} Asking the swarm for the manifest.`);
    bytes = await fetchManifest(await transport(), model.manifest, signal);
  }
  return { manifest: decodeManifest(bytes), manifestId: model.manifest, bytes, home: model.manifest };
}

/** A model's manifest as the server gives it. @throws ShoalError `model-unavailable`, `hash-mismatch` */
export async function fetchServedManifest(
  { name, manifest }: ServerConfig['models'][number],
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(await (await get(`/models/${name}/manifest.json`, signal)).arrayBuffer());
  const actual = await manifestIdOf(bytes);
  if (actual === manifest) return bytes;
  throw new ShoalError('hash-mismatch', `The server's manifest has the hash ${actual}, expected ${manifest}.`);
}

async function get(path: string, signal?: AbortSignal): Promise<Response> {
  try {
    const response = await fetch(serverUrl(path), signal ? { signal } : {});
    if (response.ok) return response;
    throw new ShoalError('model-unavailable', `The server answered ${response.status} for ${path}.`);
  } catch (cause) {
    if (cause instanceof ShoalError) throw cause;
    throw new ShoalError('model-unavailable', 'The server does not answer. Check that it runs, then reload the page.', {
      cause,
    });
  }
}
