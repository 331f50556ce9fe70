import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * Hands a WebSocket's upgrade on to the server that listens on a loopback port, and then its bytes both ways: libp2p's
 * WebSocket transport cannot share an HTTP server.
 * @returns the connection to that port
 */
export function proxyUpgrade(request: IncomingMessage, client: Duplex, head: Buffer, port: number): Socket {
  const upstream = connect({ host: '127.0.0.1', port, noDelay: true });
  const end = () => {
    client.destroy();
    upstream.destroy();
  };
  client.on('error', end).on('close', end);
  upstream.on('error', end).on('close', end);
  upstream.once('connect', () => {
    upstream.write(formatHead(request));
    upstream.write(head);
    client.pipe(upstream).pipe(client);
  });
  return upstream;
}

function formatHead({ method, url, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/1.1`];
  for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
