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

/** A server, and how this tab reaches it. */
export interface KnownServer extends ServerConfig {
  /** Its page, of another site where a program brings the tab into the swarm. */
  readonly page: string;
}

/**
 * Asks a server what must be known of it.
 * @throws ShoalError `model-unavailable` when the server does not answer
 */
export async function fetchServerConfig(page: string, signal?: AbortSignal): Promise<KnownServer> {
  const config = parseServerConfig(await (await get(serverUrl('/config.json', page), signal)).json());
  return { ...config, page };
}

/**
 * The manifest that the invite names, or the server's first model without an invite: from the server, or where it gives
 * none, from a tab of the swarm.
 * @param transport - opens this tab's connection to the swarm
 * @throws ShoalError `model-unavailable` when neither the server nor a tab gives the one named
 */
export async function fetchModel(
  server: KnownServer,
  manifestId: string | undefined,
  transport: () => Promise<Transport>,
  signal?: AbortSignal,
): Promise<IntroducedModel> {
  const model = manifestId ? server.models.find(({ manifest }) => manifest === manifestId) : server.models[0];
  if (!model) {
    throw new ShoalError(
      'model-unavailable',
      manifestId
        ? 'This server does not know the model of the invite link. Open the link at the server that it was made at.'
        : server.servesPrivateSwarm
          ? 'This server serves a private swarm. Open its invite link to take part.'
          : 'This server serves no model.',
    );
  }
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await fetchServedManifest(server.page, model, signal);
  } catch (error) {
    log.warn('SWARM', `${ShoalError.from(error).message} Asking the swarm for the manifest.`);
    bytes = await fetchManifest(await transport(), model.manifest, signal);
  }
  return { manifest: decodeManifest(bytes), manifestId: model.manifest, bytes, home: model.manifest };
}

/** A model's manifest as the server gives it. @throws ShoalError `model-unavailable`, `hash-mismatch` */
export async function fetchServedManifest(
  page: string,
  { name, manifest }: ServerConfig['models'][number],
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const url = serverUrl(`/models/${name}/manifest.json`, page);
  const bytes = new Uint8Array(await (await get(url, signal)).arrayBuffer());
  const actual = await manifestIdOf(bytes);
  if (actual === manifest) return bytes;
  throw new ShoalError('hash-mismatch', `The server's manifest has the hash ${actual}, expected ${manifest}.`);
}

async function get(url: URL, signal?: AbortSignal): Promise<Response> {
  try {
    const response = await fetch(url, signal ? { signal } : {});
    if (response.ok) return response;
    throw new ShoalError('model-unavailable', `The server answered ${response.status} for ${url.pathname}.`);
  } catch (cause) {
    if (cause instanceof ShoalError) throw cause;
    if (signal?.aborted) throw ShoalError.from(cause);
    throw new ShoalError('model-unavailable', silence(url), { cause });
  }
}

/** Browsers do not tell a page of another site whether the server is away or refuses it. */
function silence({ origin }: URL): string {
  const remedy = 'Check that it runs, then reload the page.';
  if (origin === location.origin) return `The server does not answer. ${remedy}`;
  return `${origin} does not answer, or lets no page of ${location.origin} in. ${remedy} Its operator lets this page in with --allow-origin ${location.origin}.`;
}
