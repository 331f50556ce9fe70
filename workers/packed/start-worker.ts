import type { WorkerName } from '../start-worker.ts';
import { workersUrl } from './workers-url.ts';

// The library's build has this module in the place of ../start-worker.ts. Vite and webpack find files by these very
// words and copy them; each is whole by itself, so nothing in it needs to be found again.
const BESIDE: Readonly<Record<WorkerName, () => URL>> = {
  gpu: () => new URL('./workers/gpu.js', import.meta.url),
  cpu: () => new URL('./workers/cpu.js', import.meta.url),
  store: () => new URL('./workers/store.js', import.meta.url),
  tokenizer: () => new URL('./workers/tokenizer.js', import.meta.url),
  grammar: () => new URL('./workers/grammar.js', import.meta.url),
};

/** Starts a worker of the library, from wherever its files are. */
export function startWorker(name: WorkerName): Worker {
  const folder = workersUrl();
  const url = folder === undefined ? BESIDE[name]() : new URL(`${name}.js`, folder);
  return new Worker(ownOrigin(url), { type: 'module', name });
}

/** Blobs by the file that they import: a worker's threads start from its blob too, so none is ever revoked. */
const blobs = new Map<string, string>();

/** Browsers start workers of the page's own origin only: from elsewhere, e.g. a CDN, one of its own imports the file. */
function ownOrigin(url: URL): string {
  if (url.origin === location.origin || url.protocol === 'data:' || url.protocol === 'blob:') return url.href;
  const known = blobs.get(url.href);
  if (known !== undefined) return known;
  const blob = new Blob([`import ${JSON.stringify(url.href)};`], { type: 'text/javascript' });
  const made = URL.createObjectURL(blob);
  blobs.set(url.href, made);
  return made;
}
