import { blobSource } from '../../gguf/gguf-file.ts';
import { type ModelPart, partSetOf } from '../../gguf/join.ts';
import { type FetchFileOptions, fetchFile, forgetFile, type OnFetched } from '../../store/web-file/fetch-file.ts';

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
export async function download(url: URL, options: FetchFileOptions): Promise<ModelPart[]> {
  const parts: ModelPart[] = [];
  const urls = partUrls(url);
  for (const [index, partUrl] of urls.entries()) {
    const onProgress: OnFetched = (done, total) =>
      // Parts of a set are about as large as each other.
      options.onProgress(done + index * (total ?? 0), total === undefined ? undefined : total * urls.length);
    const blob = await fetchFile(partUrl, { ...options, onProgress });
    parts.push({ name: nameOf(partUrl), source: blobSource(blob) });
  }
  return parts;
}

/** Deletes what this browser keeps of a model. */
export async function deleteDownload(url: URL): Promise<void> {
  await Promise.all(partUrls(url).map(forgetFile));
}

function partUrls(url: URL): URL[] {
  const set = partSetOf(nameOf(url));
  return set ? set.partNames.map((name) => new URL(name + url.search, url)) : [url];
}

function nameOf({ pathname }: URL): string {
  return decodeURIComponent(pathname.split('/').at(-1) || 'model.gguf');
}
