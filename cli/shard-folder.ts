import { mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ShoalError } from '../src/core/errors.ts';
import { encodeManifest } from '../src/protocol/manifest.ts';
import type { ModelSource } from '../src/protocol/model-source.ts';
import { checkPromptable } from '../src/store/publish/check-promptable.ts';
import { type FileSink, type PublishedModel, publishModel } from '../src/store/publish/publish.ts';
import { olderClaims } from './folder-claim.ts';
import { isErrno } from './is-errno.ts';
import { isRunning } from './is-running.ts';
import { modelFileName, openModel } from './model-file.ts';
import type { Progress } from './progress.ts';

export interface SplitOptions {
  /** The model's name; from the file's name unless given. */
  readonly name?: string;
  readonly shardCount: number;
  /** A chat template in Jinja instead of the file's own. */
  readonly chatTemplate?: string | undefined;
  /** Where everybody may have the file. */
  readonly source?: ModelSource | undefined;
  /** Where `manifest.json`, `shard-N.gguf` and `shard-N.torrent` go: new, empty, or an earlier set to replace. */
  readonly directory: string;
  readonly onProgress?: (progress: Progress) => void;
  /** Told what will not work with this model. */
  readonly onNotice?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** What a folder of shards may hold, so that no file of anybody's is ever overwritten. */
const OWN_FILES = /^(manifest\.json|shard-\d+\.(gguf|torrent)|\.source\.json)$/;

/**
 * Splits a model file into a folder. The folder appears whole or not at all.
 * @throws ShoalError as `publishModel`, and `bad-request` when the file cannot be read or the folder holds other files, cannot be
 *   written, or is being served
 */
export async function splitIntoFolder(modelFile: string, options: SplitOptions): Promise<PublishedModel> {
  const { name, shardCount, chatTemplate, source: publicSource, onProgress, onNotice, signal } = options;
  const directory = resolve(options.directory);
  await checkReplaceable(directory);
  await checkUnused(directory);
  const source = await openModel(modelFile, chatTemplate);
  const fileName = modelFileName(modelFile);
  await checkPromptable(source, fileName, (text) => onNotice?.(text));
  await removeAbandoned(directory);
  const fresh = `${directory}.part-${process.pid}`;
  try {
    await mkdir(fresh, { recursive: true });
    const published = await publishModel(source, {
      fileName,
      shardCount,
      source: publicSource,
      sink: (shardName) => fileSink(join(fresh, shardName)),
      onProgress: (doneBytes, totalBytes) => onProgress?.({ task: `Splitting ${fileName}`, doneBytes, totalBytes }),
      ...(name === undefined ? {} : { name }),
      ...(signal === undefined ? {} : { signal }),
    });
    for (const { shard, torrent } of published.shards)
      await writeFile(join(fresh, `shard-${shard.index}.torrent`), torrent);
    await writeFile(join(fresh, 'manifest.json'), encodeManifest(published.manifest));
    await rm(directory, { recursive: true, force: true });
    await rename(fresh, directory);
    return published;
  } catch (error) {
    await rm(fresh, { recursive: true, force: true }).catch(() => {});
    throw explain(error, directory);
  }
}

function explain(error: unknown, directory: string): unknown {
  if (isErrno(error, 'ENOSPC'))
    return new ShoalError('storage-full', `The disk is full: there is no room for the shards in ${directory}.`, {
      cause: error,
    });
  if (!['EROFS', 'EACCES', 'EPERM'].some((code) => isErrno(error, code))) return error;
  return new ShoalError(
    'bad-request',
    `The shards cannot be written to ${directory}: ${(error as Error).message}. Make it writable, or name another folder.`,
    { cause: error },
  );
}

/** Other bytes under the names of what is being served would break whoever serves it. */
async function checkUnused(directory: string): Promise<void> {
  const [claim] = await olderClaims(directory);
  if (!claim) return;
  throw new ShoalError(
    'bad-request',
    `${directory} is in use by another server (process ${claim.pid} of ${claim.host}): its shards cannot be replaced. Stop that one, or name another folder.`,
  );
}

/** Removes what was begun for this folder by processes that were killed before they were done. */
async function removeAbandoned(directory: string): Promise<void> {
  const prefix = `${basename(directory)}.part-`;
  const siblings = await readdir(dirname(directory)).catch(() => []);
  for (const name of siblings.filter((sibling) => sibling.startsWith(prefix))) {
    const pid = Number(name.slice(prefix.length));
    if (Number.isSafeInteger(pid) && !isRunning(pid)) await rm(join(dirname(directory), name), { recursive: true });
  }
}

async function checkReplaceable(directory: string): Promise<void> {
  const names = await readdir(directory).catch((error: Error) => {
    if (isErrno(error, 'ENOENT')) return [];
    throw new ShoalError('bad-request', `${directory} cannot be used as a folder: ${error.message}.`, { cause: error });
  });
  const foreign = names.find((name) => !OWN_FILES.test(name));
  if (foreign === undefined) return;
  throw new ShoalError('bad-request', `${directory} holds other files ("${foreign}"). Name a new or an empty folder.`);
}

async function fileSink(path: string): Promise<FileSink> {
  const handle = await open(path, 'wx');
  return {
    write: async (chunk) => {
      await handle.writeFile(chunk);
    },
    close: () => handle.close(),
  };
}
