import { createHash } from 'node:crypto';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
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
 * The manifest of a folder whose shards were made of this as it is now, in `shardCount` parts.
 * @returns undefined when there is no such folder, or when sizes or times of its files have changed
 */
export async function readShardFolder(
  directory: string,
  origin: ShardOrigin,
  shardCount: number,
): Promise<{ manifest: Manifest; manifestId: string } | undefined> {
  try {
    const bytes = await readFile(join(directory, 'manifest.json'));
    const manifest = decodeManifest(bytes);
    const stamp = await readFile(join(directory, STAMP), 'utf8');
    if (manifest.shards.length !== shardCount) return undefined;
    if (stamp !== (await fingerprint(directory, origin, manifest))) return undefined;
    return { manifest, manifestId: createHash('sha256').update(bytes).digest('hex') };
  } catch {
    // A missing or unreadable part of the folder is a reason to make it again, not to fail.
    return undefined;
  }
}

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
