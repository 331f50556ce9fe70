import { ShoalError } from '../../core/errors.ts';
import { decodeManifest, type Manifest } from '../../protocol/manifest.ts';
import { parseServerConfig, type ServerConfig } from '../../protocol/server-config.ts';

/** A model as its server introduces it, checked. */
export interface IntroducedModel {
  readonly manifest: Manifest;
  readonly manifestId: string;
}

/** @throws ShoalError `model-unavailable` when the server does not answer */
export async function fetchServerConfig(signal?: AbortSignal): Promise<ServerConfig> {
  return parseServerConfig(await (await get('/config.json', signal)).json());
}

/**
 * The manifest that the invite names, or the server's first model without an invite.
 * @throws ShoalError `model-unavailable`, `hash-mismatch` when the server's manifest is not the one named
 */
export async function fetchModel(
  config: ServerConfig,
  manifestId: string | undefined,
  signal?: AbortSignal,
): Promise<IntroducedModel> {
  const model = manifestId ? config.models.find(({ manifest }) => manifest === manifestId) : config.models[0];
  if (!model) {
    throw new ShoalError(
      'model-unavailable',
      manifestId
        ? 'This server does not know the model of the invite link. Open the link at the server that it was made at.'
        : 'This server serves no model.',
    );
  }
  const bytes = new Uint8Array(await (await get(`/models/${model.name}/manifest.json`, signal)).arrayBuffer());
  const actual = await sha256Hex(bytes);
  if (actual !== model.manifest)
    throw new ShoalError(
      'hash-mismatch',
      `The manifest of ${model.name} has the hash ${actual}, expected ${model.manifest}. Ask for a fresh invite link.`,
    );
  return { manifest: decodeManifest(bytes), manifestId: actual };
}

async function get(path: string, signal?: AbortSignal): Promise<Response> {
  try {
    const response = await fetch(path, signal ? { signal } : {});
    if (response.ok) return response;
    throw new ShoalError('model-unavailable', `The server answered ${response.status} for ${path}.`);
  } catch (cause) {
    if (cause instanceof ShoalError) throw cause;
    throw new ShoalError('model-unavailable', 'The server does not answer. Check that it runs, then reload the page.', {
      cause,
    });
  }
}

async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
