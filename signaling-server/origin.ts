import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';

/** A `Host` header as browsers send it. */
export const HOST = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?$/;

/** The URL of the page as the client reached it, without a slash at the end. */
export function baseUrlOf(request: IncomingMessage, publicUrl: URL | undefined): string {
  return publicUrl ? publicUrl.href.replace(/\/$/, '') : originOf(request);
}

/** The origin by which the client reached this server, also through a proxy that ends TLS: `https://shoal.example`. */
function originOf(request: IncomingMessage): string {
  const { host = '', 'x-forwarded-proto': forwarded } = request.headers;
  const secure = (request.socket as TLSSocket).encrypted === true || forwarded === 'https';
  const { localAddress = '127.0.0.1', localPort = 0 } = request.socket;
  const address = localAddress.includes(':') ? `[${localAddress}]` : localAddress;
  return `${secure ? 'https' : 'http'}://${HOST.test(host) ? host : `${address}:${localPort}`}`;
}
