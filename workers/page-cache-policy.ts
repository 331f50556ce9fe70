/** `fixed`: the name goes with the bytes. `newest`: the server's, and the last one while it is away. */
export type CachePolicy = 'fixed' | 'newest';

export interface CachedRequest {
  readonly policy: CachePolicy;
  /** Under which it is kept. */
  readonly key: string;
}

/** Names that do not change with their bytes: what the page begins with, and what introduces the model. */
const NEWEST = /^(config\.json|icon\.svg|manifest\.webmanifest|models\/[^/]+\/manifest\.json)$/;

/**
 * How a request of the page is answered where the server may be away.
 * @param scope - the page's folder
 * @returns undefined for all that the worker leaves alone: shards and torrents (the store keeps its own), other origins,
 *   the state of the server
 */
export function cachePolicyOf(
  request: Pick<Request, 'method' | 'mode' | 'url'>,
  scope: URL,
): CachedRequest | undefined {
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== scope.origin || !pathname.startsWith(scope.pathname)) return undefined;
  const path = pathname.slice(scope.pathname.length);
  const key = origin + pathname;
  // One page whatever its query says.
  if (request.mode === 'navigate')
    return path === '' || path === 'index.html' ? { policy: 'newest', key: scope.href } : undefined;
  if (path.startsWith('assets/')) return { policy: 'fixed', key };
  return NEWEST.test(path) ? { policy: 'newest', key } : undefined;
}
