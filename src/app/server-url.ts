/**
 * A path of the server as this page reaches it, also where the page lies below a path of its own.
 * @param path - from the server's root, e.g. `/config.json`
 */
export function serverUrl(path: string): URL {
  return new URL(`.${path}`, document.baseURI);
}

/** As `serverUrl`, of a WebSocket. */
export function serverSocketUrl(path: string): string {
  const url = serverUrl(path);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
