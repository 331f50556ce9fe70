import { createHash } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ShoalError } from '../src/core/errors.ts';

/** What the page is made of, relative to the project's root. */
const SOURCES = [
  'index.html',
  'package-lock.json',
  'public',
  'src',
  'tsconfig.json',
  'vite',
  'vite.config.ts',
  'workers',
];
/** In the built page: a hash over its sources' names, sizes and times. A build by other means leaves none, and is redone. */
const STAMP = '.sources';

/**
 * Builds the page into `<root>/dist`, unless it is there and its sources have not changed.
 * @returns whether it was built
 * @throws ShoalError `internal` when the build fails
 */
export async function buildPage(root: string): Promise<boolean> {
  const stampFile = join(root, 'dist', STAMP);
  // Taken before the build: a source that changes while it runs makes the next start build again.
  const stamp = await hashSources(root);
  if ((await readFile(stampFile, 'utf8').catch(() => undefined)) === stamp) return false;
  const { build } = await import('vite');
  try {
    await build({ root, logLevel: 'warn', build: { outDir: 'dist', emptyOutDir: true } });
  } catch (cause) {
    throw new ShoalError('internal', `The page could not be built: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
  await writeFile(stampFile, stamp);
  return true;
}

async function hashSources(root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    for (const path of await listFiles(root, source)) {
      const { size, mtimeMs } = await stat(join(root, path));
      hash.update(`${path}\0${size}\0${mtimeMs}\n`);
    }
  }
  return hash.digest('hex');
}

async function listFiles(root: string, path: string): Promise<string[]> {
  const stats = await stat(join(root, path)).catch(() => undefined);
  if (!stats) return [];
  if (stats.isFile()) return [path];
  const entries = await readdir(join(root, path), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}
