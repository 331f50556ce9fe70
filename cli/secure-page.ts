import { isIP } from 'node:net';

/** Where a browser opens a server's pages, and the flags that it is started with. */
export interface SecurePage {
  readonly url: URL;
  readonly flags: readonly string[];
}

/**
 * Makes the pages of a server secure ones, which alone have storage, WebGPU and WebRTC as they should: over plain http
 * browsers take `localhost` for secure only, so that name leads to the server. A name of the network that a proxy may go
 * by is kept, and the browser told to trust it; the Chromium that npm brings does not know that flag.
 */
export function securePage(server: URL): SecurePage {
  const { protocol, hostname } = server;
  if (protocol !== 'http:' || hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.'))
    return { url: server, flags: [] };
  const named = isIP(hostname.replace(/^\[|\]$/g, '')) === 0 && hostname.includes('.');
  if (named) return { url: server, flags: [`--unsafely-treat-insecure-origin-as-secure=${server.origin}`] };
  const url = new URL(server);
  url.hostname = 'localhost';
  return { url, flags: [`--host-resolver-rules=MAP localhost ${hostname}`] };
}
