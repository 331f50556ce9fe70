import { createServer } from 'node:http';
import { urlHost } from '../../signaling-server/addresses.ts';
import { listen } from '../../signaling-server/listen.ts';
import { Router } from './api-router.ts';
import { Callers, type CallersOptions } from './http/callers.ts';
import { CLOSE_GRACE_MS, HEAD_TIMEOUT_MS, LATE_CHECK_MS, MAX_CONNECTIONS, REQUEST_TIMEOUT_MS } from './limits.ts';
import type { Swarm } from './tab/swarm.ts';

/** Where the API is served, and to whom. */
export interface HttpServerOptions extends CallersOptions {
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
}

/** The API, served. */
export interface HttpServer {
  /** The base URL for OpenAI's clients: `http://127.0.0.1:8788/v1`. */
  readonly url: string;
  /** Answers that run are cut off after a moment. */
  close(): Promise<void>;
}

/** Serves the API over a swarm. @throws ShoalError `port-in-use`, `bad-request` as `listen` */
export async function startHttpServer(swarm: Swarm, options: HttpServerOptions): Promise<HttpServer> {
  const { host, port } = options;
  const router = new Router(swarm, new Callers(options));
  const server = createServer(
    {
      headersTimeout: HEAD_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: LATE_CHECK_MS,
    },
    (request, response) => void router.handle(request, response),
  );
  server.maxConnections = MAX_CONNECTIONS;
  const bound = await listen(server, host, port);
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS).unref();
    });
  return { url: `http://${urlHost(host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host)}:${bound}/v1`, close };
}
