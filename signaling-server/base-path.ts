/**
 * A request's path below the server's own root: a reverse proxy may hand requests on with the path of the public URL
 * before it, or without.
 * @param basePath - of the public URL, with a slash at both ends
 * @example withoutBase('/shoal/config.json?x', '/shoal/') // '/config.json?x'
 */
export function withoutBase(url: string, basePath: string): string {
  return url.startsWith(basePath) ? `/${url.slice(basePath.length)}` : url;
}
