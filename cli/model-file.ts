import { open, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ShoalError } from '../src/core/errors.ts';
import type { GgufSource } from '../src/gguf/gguf-file.ts';
import { joinGguf, partSetOf } from '../src/gguf/join.ts';
import { withEntry } from '../src/gguf/with-entry.ts';
import { isErrno } from './is-errno.ts';

/** Every file of the model that `path` names: itself, or its whole set where it is one of several parts. */
export function modelFiles(path: string): readonly string[] {
  return partSetOf(basename(path))?.partNames.map((name) => join(dirname(path), name)) ?? [path];
}

/** What messages and the manifest call a model file: the name that a set would have in one. */
export function modelFileName(path: string): string {
  return partSetOf(basename(path))?.wholeName ?? basename(path);
}

/**
 * Opens a model file, or a set of parts as one.
 * @param path - any of the parts
 * @param chatTemplate - takes the place of the file's own
 * @throws ShoalError `bad-request` that names the file that is missing; as `joinGguf`
 */
export async function openModel(path: string, chatTemplate?: string): Promise<GgufSource> {
  const source = await openFiles(path);
  if (chatTemplate === undefined) return source;
  return withEntry(source, modelFileName(path), ['tokenizer.chat_template', 'string', chatTemplate]);
}

async function openFiles(path: string): Promise<GgufSource> {
  const files = modelFiles(path);
  if (files.length === 1) return openSource(path);
  const sources = await Promise.all(files.map(openSource));
  return joinGguf(sources.map((source, index) => ({ name: basename(files[index]!), source })));
}

async function openSource(path: string): Promise<GgufSource> {
  const stats = await stat(path).catch((cause: Error) => {
    const reason = isErrno(cause, 'ENOENT') ? 'does not exist' : `cannot be read: ${cause.message}`;
    throw new ShoalError('bad-request', `${path} ${reason}.`, { cause });
  });
  if (!stats.isFile()) throw new ShoalError('bad-request', `${path} is not a file.`);
  return { sizeBytes: stats.size, read: (offset, length) => readRange(path, offset, length) };
}

/** Not by `openAsBlob`: Node 24 counts a blob's bytes in 32 bits. @throws ShoalError `truncated-gguf` */
async function readRange(path: string, offset: number, length: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) throw new ShoalError('truncated-gguf', `${path} became shorter while it was read.`);
      done += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}
