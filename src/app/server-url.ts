/**
 * A path of a server, also where its page lies below a path of its own.
 * @param path - from the server's root, e.g. `/config.json`
 * @param page - the server's page: where this one came from, or what an invite link names
 */
export function serverUrl(path: string, page: string): URL {
  return new URL(`.${path}`, page);
}

/** As `serverUrl`, of a WebSocket. */
export function serverSocketUrl(path: string, page: string): string {
  const url = serverUrl(path, page);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
