import { createHash } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import * as v from 'valibot';
import { ShoalError } from '../src/core/errors.ts';
import { formatLayers } from '../src/core/ranges.ts';
import { decodeManifest, type Manifest } from '../src/protocol/manifest.ts';
import { serverConfigSchema } from '../src/protocol/server-config.ts';
import { type Check, check } from '../src/swarm/verify.ts';
import { openServerFile, readServerFile } from './server-request.ts';
import { checkShardBytes } from './shard-bytes.ts';

/** A model whose manifest is what the server, and the invite if there is one, say it is. */
export interface CheckedModel {
  readonly manifest: Manifest;
  readonly manifestId: string;
}

/** A model as a server offers it. */
export interface OfferedModel {
  /** By which a check names it. */
  readonly title: string;
  readonly manifestId: string;
  /** Of its files. */
  readonly folder: URL;
  /** With which the server gives them. */
  readonly headers?: OutgoingHttpHeaders;
}

/** A thousand shards take about 400 KB of manifest, a server's health far less. */
export const MAX_JSON_BYTES = 4 * 1024 * 1024;

const healthSchema = v.object({
  status: v.literal('ok'),
  version: v.string(),
  models: serverConfigSchema.entries.models,
  connections: v.number(),
});
type Health = v.InferOutput<typeof healthSchema>;

/**
 * Checks what a server offers: its health, its manifests, every byte of every shard.
 * @param invited - the manifest that an invite names; all of the server's models without it
 * @returns the models whose manifests are right
 */
export async function* checkServer(
  server: URL,
  invited: string | undefined,
): AsyncGenerator<Check, readonly CheckedModel[]> {
  let models: Health['models'] = [];
  yield await check('Server', async () => {
    const health = await readHealth(server);
    models = health.models.filter(({ manifest }) => invited === undefined || manifest === invited);
    if (models.length === 0) {
      const missing =
        invited === undefined ? 'It serves no model.' : `It serves no model with the manifest ${invited}.`;
      throw new ShoalError('model-unavailable', `${server.origin} answers. ${missing}`);
    }
    return `${server.origin} answers: version ${health.version}, ${health.connections} connection(s)`;
  });
  return yield* checkModels(
    models.map(({ name, manifest }) => ({
      title: name,
      manifestId: manifest,
      folder: new URL(`models/${name}/`, server),
    })),
  );
}

/** Checks each manifest, and every byte of every shard. @returns the models whose manifests are right */
export async function* checkModels(models: readonly OfferedModel[]): AsyncGenerator<Check, readonly CheckedModel[]> {
  const checked: (CheckedModel & OfferedModel)[] = [];
  for (const model of models) {
    yield await check(`Manifest of ${model.title}`, async () => {
      const manifest = await readManifest(model);
      checked.push({ ...model, manifest });
      const { layerCount } = manifest.hyperparameters;
      return `${model.manifestId}: ${manifest.shards.length} shards, ${layerCount} layers`;
    });
  }
  for (const { manifest, folder, headers } of checked) {
    for (const shard of manifest.shards) {
      yield await check(`${shard.fileName} (layers ${formatLayers(shard.layers)}) at the server`, async () =>
        checkShardBytes(shard, manifest.pieceLength, await openServerFile(new URL(shard.fileName, folder), headers)),
      );
    }
  }
  return checked;
}

/** @throws ShoalError `model-unavailable` when it is no Shoal server, or away */
export async function readHealth(server: URL): Promise<Health> {
  const bytes = await readServerFile(new URL('healthz', server), MAX_JSON_BYTES);
  try {
    return v.parse(healthSchema, JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    throw new ShoalError('model-unavailable', `${server.origin} answers, but not as a Shoal server does.`, { cause });
  }
}

async function readManifest({ manifestId, folder, headers }: OfferedModel): Promise<Manifest> {
  const bytes = await readServerFile(new URL('manifest.json', folder), MAX_JSON_BYTES, headers);
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found === manifestId) return decodeManifest(bytes);
  throw new ShoalError('hash-mismatch', `manifest.json has the SHA-256 ${found}, expected ${manifestId}.`);
}
