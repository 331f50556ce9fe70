import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ShoalError } from '../src/core/errors.ts';
import { log } from '../src/core/log.ts';

/** Read and written by its owner alone. */
const PRIVATE = 0o600;

/** A file that is nobody else's business; its mode is mended where it says otherwise. @returns undefined when there is none */
export async function readPrivateFile(path: string): Promise<Buffer | undefined> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (bytes?.length) await keepPrivate(path);
  return bytes;
}

/** Writes the file aside and renames it, so that it is never there in part. @throws ShoalError `bad-request` */
export async function writePrivateFile(path: string, content: Uint8Array | string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, content, { mode: PRIVATE });
    await rename(`${path}.new`, path);
  } catch (cause) {
    const { message } = cause as NodeJS.ErrnoException;
    throw new ShoalError(
      'bad-request',
      `The server's key cannot be kept in ${path}: ${message}. Make the folder writable, or name another with --data.`,
      { cause },
    );
  }
}

async function keepPrivate(path: string): Promise<void> {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o777 & ~PRIVATE) !== 0) await chmod(path, PRIVATE);
  } catch (error) {
    log.warn('SERVER', `Others on this machine may be able to read ${path}: ${String(error)}`);
  }
}
