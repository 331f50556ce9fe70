import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ShoalError } from '../src/core/errors.ts';
import { download, remoteSize } from './download.ts';
import { hubAddress, resolveAddress } from './hub-origin.ts';
import type { FetchOptions } from './model-origin.ts';

const HUB = /^hf:(?<repository>[^/@]+\/[^/@]+)\/(?<fileName>[^@]+\.gguf)(?:@(?<revision>[\w./-]+))?$/i;

/** Whether a model is named by where it is: `https://…`, or `hf:owner/repository/file.gguf[@revision]`. */
export function isRemote(text: string): boolean {
  return /^(https?|hf):/i.test(text);
}

/**
 * Fetches a model file from its address into `dataDir`, unless it is there; a stopped download resumes. Nobody says what its
 * hash should be: the manifest then names what came.
 * @returns the file's path
 * @throws ShoalError `model-unavailable` that says what the address answers, `bad-request`, `aborted`
 */
export async function fetchRemoteModel(text: string, dataDir: string, options: FetchOptions): Promise<string> {
  const url = addressOf(text);
  const name = basename(decodeURIComponent(new URL(url).pathname));
  if (!/^[\w][\w .+-]*\.gguf$/i.test(name))
    throw new ShoalError('bad-request', `${text} names no .gguf file: expected https://…/file.gguf.`);
  const path = join(dataDir, name);
  if (existsSync(path)) return path;
  await mkdir(dataDir, { recursive: true });
  try {
    const sizeBytes = await remoteSize(url, options.signal);
    await download({ name, url, sizeBytes }, `${path}.part`, options);
  } catch (cause) {
    if (options.signal?.aborted) throw new ShoalError('aborted', 'Getting the model was cancelled.', { cause });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ShoalError('model-unavailable', `${url} could not be fetched: ${reason}. Check the address.`, { cause });
  }
  await rename(`${path}.part`, path);
  return path;
}

function addressOf(text: string): string {
  if (!/^hf:/i.test(text)) return text;
  const { repository, fileName, revision = 'main' } = HUB.exec(text)?.groups ?? {};
  if (repository && fileName) return resolveAddress(hubAddress(), { repository, fileName, revision });
  throw new ShoalError(
    'bad-request',
    `"${text}" is no file of a hub: expected hf:owner/repository/file.gguf[@revision].`,
  );
}
