import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ShoalError } from '../src/core/errors.ts';
import { linkedParts, parseModelLink } from '../src/gguf/model-link.ts';
import { download, remoteSize } from './download.ts';
import { hubAddress } from './hub-origin.ts';
import type { FetchOptions } from './model-origin.ts';

/**
 * Fetches a model file from its address into `dataDir`, with the other parts of its set where it is one, unless they are
 * there; a stopped download resumes. Nobody says what its hash should be: the manifest then names what came.
 * @returns the file's path
 * @throws ShoalError `model-unavailable` that says what the address answers, `bad-request`, `aborted`
 */
export async function fetchRemoteModel(text: string, dataDir: string, options: FetchOptions): Promise<string> {
  const link = parseModelLink(text, hubAddress());
  const folder = join(dataDir, 'downloads', folderName(link.url));
  for (const { url, fileName } of linkedParts(link)) await fetchFile(url, join(folder, fileName), options);
  return join(folder, link.fileName);
}

async function fetchFile({ href: url }: URL, path: string, options: FetchOptions): Promise<void> {
  if (existsSync(path)) return;
  try {
    const sizeBytes = await remoteSize(url, options.signal);
    await mkdir(dirname(path), { recursive: true });
    await download({ name: basename(path), url, sizeBytes }, `${path}.part`, options);
  } catch (cause) {
    if (options.signal?.aborted) throw new ShoalError('aborted', 'Getting the model was cancelled.', { cause });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ShoalError('model-unavailable', `${url} could not be fetched: ${reason}. Check the address.`, { cause });
  }
  await rename(`${path}.part`, path);
}

/** Files of one name lie at many addresses. What follows a `?` is no part of the place: often a key that expires. */
function folderName({ origin, pathname }: URL): string {
  const place = new URL('.', `${origin}${pathname}`).href;
  return createHash('sha256').update(place).digest('hex').slice(0, 12);
}
