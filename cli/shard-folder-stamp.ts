import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as v from 'valibot';
import { decodeManifest, type Manifest } from '../src/protocol/manifest.ts';
import { modelFiles } from './model-file.ts';

/** Beside the shards: what they were made of and what they looked like, to tell cheaply that they still are that. */
const STAMP = '.source.json';

/** What shards are made of. */
export interface ShardOrigin {
  readonly modelFile: string;
  /** Instead of the file's own. */
  readonly chatTemplate?: string | undefined;
}

/** Remembers what a folder's shards were made of. */
export async function rememberSource(directory: string, origin: ShardOrigin, manifest: Manifest): Promise<void> {
  await writeFile(join(directory, STAMP), await fingerprint(directory, origin, manifest));
}

/** Has a folder's shards made anew at the next look. */
export async function forgetSource(directory: string): Promise<void> {
  await rm(join(directory, STAMP), { force: true });
}

/** What tells whether a folder's shards are those that are wanted. */
export function describeShards({ modelFile, chatTemplate }: ShardOrigin, shardCount: number): string {
  return JSON.stringify({ shardCount, files: modelFiles(resolve(modelFile)), chatTemplate });
}

/**
 * The manifest of a folder whose shards were made of this as it is now.
 * @param shardCount - in so many parts; any number where it is left out
 * @returns undefined when there is no such folder, or when sizes or times of its files have changed
 */
export async function readShardFolder(
  directory: string,
  origin: ShardOrigin,
  shardCount?: number,
): Promise<{ manifest: Manifest; manifestId: string } | undefined> {
  try {
    const bytes = await readFile(join(directory, 'manifest.json'));
    const manifest = decodeManifest(bytes);
    const stamp = await readFile(join(directory, STAMP), 'utf8');
    if (shardCount !== undefined && manifest.shards.length !== shardCount) return undefined;
    if (stamp !== (await fingerprint(directory, origin, manifest))) return undefined;
    return { manifest, manifestId: createHash('sha256').update(bytes).digest('hex') };
  } catch {
    // A missing or unreadable part of the folder is a reason to make it again, not to fail.
    return undefined;
  }
}

/** A folder of shards that an earlier start has made, and what of. */
export interface StoredShards extends ShardOrigin {
  readonly directory: string;
  readonly manifest: Manifest;
  /** SHA-256 of the manifest's bytes, hexadecimal. */
  readonly manifestId: string;
}

/** The models that a data folder holds, split and unchanged since, by name. */
export async function storedShards(dataDir: string): Promise<StoredShards[]> {
  const names = await readdir(join(dataDir, 'shards')).catch((): string[] => []);
  const found = await Promise.all(
    names.toSorted().map(async (name) => {
      const directory = join(dataDir, 'shards', name);
      const origin = await readOrigin(directory);
      if (!origin) return undefined;
      const known = await readShardFolder(directory, origin);
      // A model's files are asked for by its name, and found by that of the folder.
      return known?.manifest.name === name ? { directory, ...origin, ...known } : undefined;
    }),
  );
  return found.filter((shards) => shards !== undefined);
}

/** @returns undefined when nothing says what the folder's shards were made of */
async function readOrigin(directory: string): Promise<ShardOrigin | undefined> {
  try {
    const stamp = v.parse(stampSchema, JSON.parse(await readFile(join(directory, STAMP), 'utf8')));
    const modelFile = stamp.find(({ path }) => path !== undefined)?.path;
    const chatTemplate = stamp.find((part) => part.chatTemplate !== undefined)?.chatTemplate;
    return modelFile === undefined ? undefined : { modelFile, chatTemplate };
  } catch {
    return undefined;
  }
}

/** Of the stamp, what tells what the shards were made of: the model's files come first. */
const stampSchema = v.array(v.object({ path: v.optional(v.string()), chatTemplate: v.optional(v.string()) }));

async function fingerprint(
  directory: string,
  { modelFile, chatTemplate }: ShardOrigin,
  manifest: Manifest,
): Promise<string> {
  const files = manifest.shards.flatMap(({ index, fileName }) => [fileName, `shard-${index}.torrent`]);
  const paths = [
    ...modelFiles(resolve(modelFile)),
    ...['manifest.json', ...files].map((file) => join(resolve(directory), file)),
  ];
  const seen = await Promise.all(
    paths.map(async (path) => {
      const { size, mtimeMs } = await stat(path);
      return { path, sizeBytes: size, mtimeMs };
    }),
  );
  // The manifest's bytes too: it is small, and nothing else would tell that a few of them have changed.
  const manifestId = createHash('sha256')
    .update(await readFile(join(directory, 'manifest.json')))
    .digest('hex');
  const all = [...seen, { manifestId }];
  return JSON.stringify(chatTemplate === undefined ? all : [...all, { chatTemplate }], null, 2);
}
