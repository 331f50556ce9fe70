import type { IncomingMessage, ServerResponse } from 'node:http';
import { log } from '../src/core/log.ts';
import type { ServerConfig } from '../src/protocol/server-config.ts';
import { AddressPlaces } from './address-places.ts';
import type { AllowedPages } from './allowed-pages.ts';
import type { ClientAddresses } from './client-address.ts';
import { MAX_DOWNLOADS } from './limits.ts';
import type { Counter, Metrics } from './metrics.ts';
import { ModelRoutes } from './model-routes.ts';
import { Page } from './page.ts';
import { PrivateRoutes, type PrivateSwarm } from './private-routes.ts';
import type { Relay } from './relay.ts';
import type { ServedModel } from './served-model.ts';
import type { ShardCheck } from './shard-check.ts';
import type { Tracker } from './tracker.ts';
import { TRACKER_PATH } from './tracker-path.ts';

export interface RouterOptions {
  /** Read for each answer: addresses of this machine come and go. */
  readonly config: () => ServerConfig;
  readonly publicUrl: URL | undefined;
  readonly models: readonly ServedModel[];
  readonly privateSwarm: PrivateSwarm | undefined;
  readonly pageDirectory: string;
  readonly tracker: Tracker;
  readonly relay: Relay;
  readonly addresses: ClientAddresses;
  readonly pages: AllowedPages;
  readonly shardCheck: ShardCheck;
  readonly metrics: Metrics;
}

/** Answers every plain HTTP request. */
export class Router {
  readonly #config: () => ServerConfig;
  readonly #publicUrl: URL | undefined;
  readonly #modelRoutes: ModelRoutes;
  readonly #privateRoutes: PrivateRoutes | undefined;
  readonly #page: Page;
  readonly #tracker: Tracker;
  readonly #relay: Relay;
  readonly #addresses: ClientAddresses;
  readonly #pages: AllowedPages;
  readonly #downloads = new AddressPlaces(MAX_DOWNLOADS);
  readonly #metrics: Metrics;
  readonly #requests: Counter;
  readonly #sentBytes: Counter;
  readonly #startedAtMs = performance.now();

  constructor(options: RouterOptions) {
    const { config, publicUrl, models, privateSwarm, pageDirectory, tracker, relay, addresses, pages } = options;
    const { shardCheck, metrics } = options;
    const routesOf = (served: readonly ServedModel[], trackerPath?: string) =>
      new ModelRoutes(served, trackerPath, publicUrl, (path) => shardCheck.isSpoiled(path));
    this.#config = config;
    this.#publicUrl = publicUrl;
    this.#modelRoutes = routesOf(models, TRACKER_PATH);
    this.#privateRoutes = privateSwarm && new PrivateRoutes(privateSwarm, routesOf([privateSwarm.model]));
    this.#page = new Page(pageDirectory);
    this.#tracker = tracker;
    this.#relay = relay;
    this.#addresses = addresses;
    this.#pages = pages;
    this.#metrics = metrics;
    this.#requests = metrics.counter('shoal_http_requests_total', 'HTTP requests, by status.');
    metrics.gauge('shoal_downloads', 'Model files on their way.', () => this.#downloads.taken);
    this.#sentBytes = metrics.counter('shoal_sent_bytes_total', 'Bytes of files sent, by kind: page or models.');
  }

  /** Never rejects: a failure is answered with 500 and logged. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url } = request;
    // A socket that is closed has no address.
    const address = this.#addresses.of(request);
    response.once('close', () => {
      const { statusCode: status } = response;
      this.#requests.add(1, { status: String(status) });
      log.debug('HTTP', `${method} ${url} ${status} to ${address}`);
    });
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'no-referrer');
    // Only where its owner names the address: a browser that was told so lets nobody pass a certificate it does not trust.
    if (this.#publicUrl?.protocol === 'https:') response.setHeader('Strict-Transport-Security', 'max-age=31536000');
    try {
      await this.#route(request, response);
    } catch (error) {
      // Node refuses a request line with control characters or bytes beyond ASCII: it can be logged as it is.
      log.error('HTTP', `${request.method} ${request.url}: ${error instanceof Error ? error.message : String(error)}`);
      if (response.headersSent) response.destroy();
      else sendText(response, 500, 'The server failed to answer; its log says why.');
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?')[0]!;
    const isPublicModel = path.startsWith('/models/');
    const isModel = isPublicModel || path.startsWith('/swarms/');
    // Weights are for every page; all else is for this server's own.
    const refusal = isPublicModel ? undefined : this.#pages.refusal(request);
    if (refusal) return sendText(response, refusal === 'host' ? 421 : 403, REFUSALS[refusal]);
    const asksFirst = isPublicModel || (isModel && this.#pages.named(request) !== undefined);
    const methods = asksFirst ? ['GET', 'HEAD', 'OPTIONS'] : ['GET', 'HEAD'];
    if (!methods.includes(request.method ?? '')) {
      response.setHeader('Allow', methods.join(', '));
      return sendText(response, 405, 'Method not allowed.');
    }
    // Addresses in the page are relative to its folder.
    if (this.#publicUrl && `${path}/` === this.#publicUrl.pathname) {
      response.writeHead(308, { Location: this.#publicUrl.href }).end();
      return;
    }
    switch (path) {
      case TRACKER_PATH:
        return this.#tracker.handleRequest(request, response, this.#addresses.of(request));
      case '/config.json':
        this.#allowReading(request, response);
        return sendJson(response, this.#config());
      case '/healthz':
        return sendJson(response, this.#health());
      case '/metrics':
        response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
        response.end(await this.#metrics.format());
        return;
    }
    const sent = isModel
      ? await this.#sendModel(request, response, path)
      : await this.#page.handle(request, response, path);
    if (sent === undefined) return sendText(response, 404, 'Not found.');
    this.#sentBytes.add(sent, { kind: isModel ? 'models' : 'page' });
  }

  async #sendModel(request: IncomingMessage, response: ServerResponse, path: string): Promise<number | undefined> {
    const address = this.#addresses.of(request);
    if (!this.#downloads.take(address)) {
      response.setHeader('Retry-After', '5');
      sendText(response, 503, 'Too many downloads are on their way to your address.');
      return 0;
    }
    try {
      const isPrivate = path.startsWith('/swarms/');
      if (isPrivate) this.#allowReading(request, response);
      const routes = isPrivate ? this.#privateRoutes : this.#modelRoutes;
      return await routes?.handle(request, response, path);
    } finally {
      this.#downloads.free(address);
    }
  }

  /** By a page that the operator named. */
  #allowReading(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('Vary', 'Origin');
    const origin = this.#pages.named(request);
    if (origin !== undefined) response.setHeader('Access-Control-Allow-Origin', origin);
  }

  #health() {
    const { version, models } = this.#config();
    return {
      status: 'ok',
      version,
      models,
      peerId: this.#relay.peerId,
      connections: this.#relay.connections(),
      uptimeSeconds: Math.round((performance.now() - this.#startedAtMs) / 1000),
    };
  }
}

const REFUSALS = {
  host: 'This server does not know itself by that name. Its operator names it with --public-url https://name/ (or --allow-origin https://name).',
  origin: 'Pages of other sites may not use this server. Its operator allows one with --allow-origin https://site.',
} as const;

/** Not for pages of other origins: they could join the swarm of the person's own machine. */
function sendJson(response: ServerResponse, value: unknown): void {
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Cache-Control', 'no-store');
  response.end(`${JSON.stringify(value, null, 2)}\n`);
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(`${text}\n`);
}
