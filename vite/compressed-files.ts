import { readdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';
import { afterBuild } from './after-build.ts';

const COMPRESSIBLE = new Set(['.css', '.html', '.js', '.json', '.svg', '.wasm', '.webmanifest']);
/** What fits into one packet is not there sooner when it is shorter. */
const MIN_BYTES = 1024;

/** Puts a brotli and a gzip copy beside each built file that becomes shorter by it; the server sends them as they are. */
export function compressedFiles(): Plugin {
  return {
    name: 'shoal-compressed-files',
    // After the plugin that writes the service worker.
    enforce: 'post',
    ...afterBuild(async (folder) => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile() && COMPRESSIBLE.has(extname(entry.name)));
      await Promise.all(files.map(({ parentPath, name }) => compress(join(parentPath, name))));
    }),
  };
}

async function compress(file: string): Promise<void> {
  const bytes = await readFile(file);
  if (bytes.length < MIN_BYTES) return;
  const copies = [
    ['.br', promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } })],
    ['.gz', promisify(gzip)(bytes, { level: 9 })],
  ] as const;
  for (const [suffix, compressing] of copies) {
    const compressed = await compressing;
    if (compressed.length < bytes.length) await writeFile(file + suffix, compressed);
  }
}
