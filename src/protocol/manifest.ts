import * as v from 'valibot';
import { toHex } from '../core/bytes.ts';
import { ShoalError } from '../core/errors.ts';
import { hyperparametersSchema } from '../model/hyperparameters.ts';
import { modelSourceSchema } from './model-source.ts';

const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const index = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

export const shardSchema = v.object({
  index,
  /** `shard-N.gguf` */
  fileName: v.pipe(v.string(), v.regex(/^shard-\d{1,4}\.gguf$/)),
  sizeBytes: count,
  sha256,
  /** BitTorrent v1 info hash. */
  infoHash: v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/)),
  /** Bytes before the tensor data: header, metadata, tensor table and padding. */
  headerBytes: count,
  layers: v.object({ start: index, end: count }),
  hasEmbedding: v.boolean(),
  hasOutput: v.boolean(),
});
export type ManifestShard = v.InferOutput<typeof shardSchema>;

/** SHA-256 of a manifest's bytes, hexadecimal: the swarm's name. */
export const manifestIdSchema = sha256;

/** Shards a manifest may list: more than a model has layers is a mistake, and every list has a bound. */
const MAX_SHARDS = 1024;

export const manifestSchema = v.object({
  format: v.literal('shoal-manifest-1'),
  name: v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/)),
  hyperparameters: hyperparametersSchema,
  /** BitTorrent piece length of every shard, bytes. */
  pieceLength: count,
  shards: v.pipe(v.array(shardSchema), v.minLength(1), v.maxLength(MAX_SHARDS)),
  /** Where the whole file is, where everybody may have it. Anybody may have written it: `checkSource` before it is used. */
  source: v.optional(modelSourceSchema),
});
/** One model and its shards. The SHA-256 of its bytes (`encodeManifest`) names the swarm. */
export type Manifest = v.InferOutput<typeof manifestSchema>;

/** The manifest's bytes, as served and hashed: JSON with the schema's key order, two-space indent, a final newline. */
export function encodeManifest(manifest: Manifest): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${JSON.stringify(v.parse(manifestSchema, manifest), null, 2)}\n`);
}

/** The name of the swarm whose manifest these bytes are. */
export async function manifestIdOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return toHex(digest);
}

/**
 * @throws ShoalError `bad-manifest` when the bytes are no manifest, or its shards do not cover the layers in order.
 */
export function decodeManifest(bytes: Uint8Array): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ShoalError('bad-manifest', 'The manifest is not JSON. Ask for a fresh invite link.', { cause });
  }
  const result = v.safeParse(manifestSchema, json);
  if (!result.success) {
    const issue = result.issues[0];
    throw new ShoalError(
      'bad-manifest',
      `The manifest is malformed at "${v.getDotPath(issue) ?? ''}": ${issue.message}`,
    );
  }
  checkCoverage(result.output);
  return result.output;
}

function checkCoverage({ shards, hyperparameters }: Manifest): void {
  let next = 0;
  for (const [position, shard] of shards.entries()) {
    const last = position === shards.length - 1;
    const expected = `shard ${position} with layers from ${next}${last ? ` to ${hyperparameters.layerCount}` : ''}`;
    if (
      shard.index !== position ||
      shard.fileName !== `shard-${position}.gguf` ||
      shard.layers.start !== next ||
      shard.layers.end <= shard.layers.start ||
      shard.hasEmbedding !== (position === 0) ||
      shard.hasOutput !== last ||
      (last && shard.layers.end !== hyperparameters.layerCount)
    ) {
      throw new ShoalError(
        'bad-manifest',
        `The manifest's shards must cover every layer once, in order: expected ${expected}, found ${JSON.stringify(shard.layers)} as shard ${shard.index}.`,
      );
    }
    next = shard.layers.end;
  }
}
