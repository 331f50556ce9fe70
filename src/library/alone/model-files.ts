import { ShoalError } from '../../core/errors.ts';
import { blobSource } from '../../gguf/gguf-file.ts';
import { type ModelPart, partSetOf } from '../../gguf/join.ts';

/** Where downloaded model files are kept, in this site's Cache Storage. */
const CACHE_NAME = 'shoal-models';

/** Told of bytes fetched; `totalBytes` is undefined where the server does not say. */
export type OnDownload = (doneBytes: number, totalBytes: number | undefined) => void;

export interface DownloadOptions {
  /** Whether this browser keeps it for the next time. */
  readonly keep: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: OnDownload;
}

/** Files that a person chose or dropped, the parts of a set in order. */
export function filesOf(file: Blob | readonly Blob[]): ModelPart[] {
  const files = file instanceof Blob ? [file] : [...file];
  const named = files.map((blob) => ({
    name: blob instanceof File ? blob.name : 'model.gguf',
    source: blobSource(blob),
  }));
  return named.sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
}

/**
 * A model at an address, the other parts of its set beside it; from this browser's storage where it is kept there.
 * @throws ShoalError `model-unavailable`, `aborted`
 */
export async function download(url: URL, options: DownloadOptions): Promise<ModelPart[]> {
  const parts: ModelPart[] = [];
  const urls = partUrls(url);
  for (const [index, partUrl] of urls.entries()) {
    const onProgress: OnDownload = (done, total) =>
      // Parts of a set are about as large as each other.
      options.onProgress(done + index * (total ?? 0), total === undefined ? undefined : total * urls.length);
    const blob = await obtain(partUrl, { ...options, onProgress });
    parts.push({ name: nameOf(partUrl), source: blobSource(blob) });
  }
  return parts;
}

/** Deletes what this browser keeps of a model. */
export async function deleteDownload(url: URL): Promise<void> {
  const cache = await caches.open(CACHE_NAME);
  await Promise.all(partUrls(url).map((part) => cache.delete(part)));
}

async function obtain(url: URL, { keep, signal, onProgress }: DownloadOptions): Promise<Blob> {
  const cache = keep ? await caches.open(CACHE_NAME).catch(() => undefined) : undefined;
  const kept = await cache?.match(url);
  if (kept) return kept.blob();
  const response = await request(url, signal);
  const counted = new Response(count(response, onProgress), { headers: response.headers });
  try {
    if (!cache) return await counted.blob();
    await cache.put(url, counted);
    return await (await cache.match(url))!.blob();
  } catch (cause) {
    if (signal?.aborted) throw new ShoalError('aborted', 'The download was cancelled.', { cause });
    // What came is gone with the failure; without storage it stays in memory, or goes where the browser puts a Blob.
    if (cache && cause instanceof DOMException && cause.name === 'QuotaExceededError')
      return obtain(url, { keep: false, signal, onProgress });
    throw unavailable(url, 'broke off', cause);
  }
}

async function request(url: URL, signal: AbortSignal | undefined): Promise<Response> {
  try {
    const response = await fetch(url, signal ? { signal } : {});
    if (response.ok) return response;
    throw unavailable(url, `was answered with ${response.status}`);
  } catch (cause) {
    if (cause instanceof ShoalError) throw cause;
    if (signal?.aborted) throw new ShoalError('aborted', 'The download was cancelled.', { cause });
    throw unavailable(url, `failed, or ${url.origin} lets no page of another site read it`, cause);
  }
}

function unavailable({ href }: URL, what: string, cause?: unknown): ShoalError {
  return new ShoalError(
    'model-unavailable',
    `The download of ${href} ${what}. Check the address and the connection, and try again.`,
    { cause },
  );
}

function count(response: Response, onProgress: OnDownload): ReadableStream<Uint8Array> {
  const length = Number(response.headers.get('content-length'));
  // Of a compressed answer it says the compressed bytes.
  const totalBytes = length > 0 && !response.headers.has('content-encoding') ? length : undefined;
  let doneBytes = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      doneBytes += chunk.length;
      onProgress(doneBytes, totalBytes);
      controller.enqueue(chunk);
    },
  });
  return response.body!.pipeThrough(counter as ReadableWritablePair<Uint8Array, Uint8Array>);
}

function partUrls(url: URL): URL[] {
  const set = partSetOf(nameOf(url));
  return set ? set.partNames.map((name) => new URL(name + url.search, url)) : [url];
}

function nameOf({ pathname }: URL): string {
  return decodeURIComponent(pathname.split('/').at(-1) || 'model.gguf');
}
