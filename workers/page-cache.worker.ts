import { type CachedRequest, cachePolicyOf } from './page-cache-policy.ts';

// The service worker: it keeps the page, so that a tab opens again while the server is away.

/** Names in `assets/` of the build that this worker belongs to; the build puts them here. */
declare const SHOAL_ASSETS: readonly string[];

/** A server that has not answered by then is away, as far as somebody waits for the page. */
const PATIENCE_MS = 3000;
/** A file that did not come is asked for again after this: without any of them the page stays empty. */
const RETRY_MS = 1000;
/** Files fetched at once while the worker is installed: a tab beside it may be loading its shard. */
const PARALLEL_FETCHES = 3;

const worker = globalThis as unknown as ServiceWorkerGlobalScope;
const scope = new URL(worker.registration.scope);
/** Several pages may lie below one origin, each with a worker of its own. */
const PREFIX = `shoal ${scope.pathname} `;
const NEWEST = `${PREFIX}newest`;

worker.addEventListener('install', (event) => event.waitUntil(install()));
worker.addEventListener('activate', (event) => event.waitUntil(dropOldCaches()));
worker.addEventListener('fetch', (event) => {
  const cached = cachePolicyOf(event.request, scope);
  // All else takes the way that it takes without a worker.
  if (!cached) return;
  event.respondWith(cached.policy === 'fixed' ? keptFirst(event.request, cached) : newestFirst(event, cached));
});

/**
 * Fetches all that the page may need later. The worker of an older build goes on until its last tab is closed, so that no
 * open page loses its files; pages of the new build find theirs all the same.
 */
async function install(): Promise<void> {
  const config = await fetchFresh('config.json');
  const { models } = (await config.clone().json()) as { readonly models: readonly { readonly name: string }[] };
  const newest = await caches.open(NEWEST);
  await newest.put(urlOf('config.json'), config);
  for (const path of ['', 'icon.svg', 'manifest.webmanifest']) await newest.put(urlOf(path), await fetchFresh(path));
  for (const { name } of models) {
    const path = `models/${name}/manifest.json`;
    const fetched = await fetchedBefore(path);
    if (fetched) await newest.put(urlOf(path), fetched);
  }
  const build = await caches.open(await buildName());
  const waiting = SHOAL_ASSETS.map((name) => `assets/${name}`);
  const fetchNext = async (): Promise<void> => {
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (!(await build.match(urlOf(path), { ignoreVary: true }))) await build.add(urlOf(path));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_FETCHES }, fetchNext));
}

async function dropOldCaches(): Promise<void> {
  const kept = [NEWEST, await buildName()];
  const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && !kept.includes(name));
  await Promise.all(names.map((name) => caches.delete(name)));
}

/** The names carry hashes, so together they name the build. */
async function buildName(): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(SHOAL_ASSETS.join()));
  return PREFIX + [...new Uint8Array(digest.slice(0, 8))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function keptFirst(request: Request, { key }: CachedRequest): Promise<Response> {
  return (await caches.match(key, { ignoreVary: true }).catch(unkept)) ?? fetchTwice(request);
}

/** A server that is busy, or away for a moment, may answer the second time. */
async function fetchTwice(request: Request): Promise<Response> {
  const response = await fetch(request).catch(() => undefined);
  if (response && response.status < 500) return response;
  await pause(RETRY_MS);
  return fetch(request);
}

/** A browser whose storage fails has nothing kept, and the network all the same. */
function unkept(): undefined {
  return undefined;
}

async function newestFirst(event: FetchEvent, { key }: CachedRequest): Promise<Response> {
  const cache = await caches.open(NEWEST).catch(unkept);
  if (!cache) return fetchTwice(event.request);
  const fetching = fetch(event.request).then(async (response) => {
    if (response.ok) await cache.put(key, response.clone()).catch(unkept);
    return response;
  });
  event.waitUntil(fetching.catch(() => undefined));
  const kept = await cache.match(key, { ignoreVary: true }).catch(unkept);
  if (!kept) return fetching;
  const response = await Promise.race([fetching.catch(() => undefined), pause(PATIENCE_MS)]);
  // A proxy answers 502 for a server that is away.
  return response && response.status < 500 ? response : kept;
}

function urlOf(path: string): string {
  return new URL(path, scope).href;
}

async function fetchFresh(path: string): Promise<Response> {
  const response = await fetch(urlOf(path), { cache: 'no-cache' });
  if (!response.ok) throw new Error(`The server answered ${response.status} for ${path}.`);
  return response;
}

/** As the browser has it from a page: a tab of a private swarm asks the server for no model. */
async function fetchedBefore(path: string): Promise<Response | undefined> {
  const response = await fetch(urlOf(path), { cache: 'only-if-cached', mode: 'same-origin' }).catch(() => undefined);
  return response?.ok ? response : undefined;
}

function pause(durationMs: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
