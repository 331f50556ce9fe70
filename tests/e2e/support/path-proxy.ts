import { createServer, type IncomingMessage, request as openRequest } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

/** A reverse proxy that serves another server below `/shoal/`, and nothing else. */
export interface PathProxy {
  readonly url: string;
  /** Paths that were asked for outside of `/shoal/`. */
  readonly strays: readonly string[];
  /** Where requests go. */
  target(url: string): void;
  /** From now on a file of the page has another name, wherever it is named: as in another build. */
  rename(from: string, to: string): void;
  close(): void;
}

const BASE = '/shoal/';

/**
 * @param keepsPath - hands requests on with `/shoal/` before their path
 * @param withheld - of the target's paths, those that are answered with 404
 */
export async function startPathProxy(keepsPath: boolean, withheld?: RegExp): Promise<PathProxy> {
  const strays: string[] = [];
  let port = 0;
  let renamed: readonly [from: string, to: string] | undefined;
  /** The path at the target; undefined outside of the base. */
  const pathOf = ({ url = '' }: IncomingMessage) => {
    if (url.startsWith(BASE)) return keepsPath ? url : url.slice(BASE.length - 1);
    strays.push(url);
    return undefined;
  };
  const server = createServer((request, response) => {
    const path = pathOf(request);
    if (path === undefined || withheld?.test(path)) return response.writeHead(404).end();
    const { method } = request;
    if (!renamed) {
      const onward = openRequest({ port, path, method, headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      return request.pipe(onward);
    }
    const [from, to] = renamed;
    const headers = { ...request.headers, 'accept-encoding': 'identity', 'if-none-match': '' };
    const onward = openRequest({ port, path: path.replace(to, from), method, headers }, async (answer) => {
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      const isCode = /html|javascript/.test(answer.headers['content-type'] ?? '');
      const { 'content-length': _, etag: __, ...rest } = answer.headers;
      response.writeHead(answer.statusCode!, rest);
      response.end(isCode ? body.toString().replaceAll(from, to) : body);
    });
    onward.on('error', () => response.destroy());
    return request.pipe(onward);
  });
  server.on('upgrade', (request, socket, head) => {
    const path = pathOf(request);
    if (path === undefined) return socket.destroy();
    const onward = connect(port, '127.0.0.1', () => {
      const lines = [`GET ${path} HTTP/1.1`];
      for (let i = 0; i < request.rawHeaders.length; i += 2)
        lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
      onward.write(`${lines.join('\r\n')}\r\n\r\n`);
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
    return socket.on('error', () => onward.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${BASE}`,
    strays,
    target: (url) => {
      port = Number(new URL(url).port);
    },
    rename: (...names) => {
      renamed = names;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
