import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { log } from '../../src/core/log.ts';
import { chatCompletions } from './api/chat-completions.ts';
import { completions } from './api/completions.ts';
import type { Endpoint } from './api/endpoint.ts';
import { countTokens, messages } from './api/messages.ts';
import { listModels, showModel } from './api/models.ts';
import { responses } from './api/responses.ts';
import type { Callers } from './http/callers.ts';
import { Exchange } from './http/exchange.ts';
import { HttpError } from './http/http-error.ts';
import { type Dialect, failureBody, failureEvent, failureOf } from './http/http-failure.ts';
import { readBody } from './http/request-body.ts';
import type { Swarm } from './tab/swarm.ts';

interface Route {
  readonly method: 'GET' | 'POST';
  readonly endpoint: Endpoint;
}

const ROUTES: ReadonlyMap<string, Route> = new Map([
  ['/v1/models', { method: 'GET', endpoint: listModels }],
  ['/v1/chat/completions', { method: 'POST', endpoint: chatCompletions }],
  ['/v1/completions', { method: 'POST', endpoint: completions }],
  ['/v1/responses', { method: 'POST', endpoint: responses }],
  ['/v1/messages', { method: 'POST', endpoint: messages }],
  ['/v1/messages/count_tokens', { method: 'POST', endpoint: countTokens }],
]);
const MODEL_PATH = /^\/v1\/models\/(.+)$/;

/** Answers every request to the bridge. */
export class Router {
  readonly #swarm: Swarm;
  readonly #callers: Callers;

  constructor(swarm: Swarm, callers: Callers) {
    this.#swarm = swarm;
    this.#callers = callers;
  }

  /** Never rejects: a failure is answered in the shape of the API that was asked. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?')[0]!.replace(/(?<=.)\/$/, '');
    const left = new AbortController();
    response.once('close', () => left.abort());
    // A client that goes while its answer is written is no failure of the bridge's.
    response.on('error', () => left.abort());
    const id = randomUUID();
    response.setHeader('X-Request-Id', id).setHeader('Request-Id', id).setHeader('X-Content-Type-Options', 'nosniff');
    let exchange: Exchange | undefined;
    try {
      this.#callers.checkPage(request);
      this.#callers.allowReading(request, response);
      if (request.method === 'OPTIONS') return this.#callers.answerPreflight(request, response);
      if (path === '/healthz') return this.#tellHealth(request, response);
      this.#callers.checkKey(request);
      const { method, endpoint } = routeOf(path);
      checkMethod(request, method);
      exchange = new Exchange(method === 'POST' ? await readBody(request) : {}, response, left.signal);
      await endpoint(exchange, this.#swarm);
    } catch (thrown) {
      if (!left.signal.aborted) await fail(response, exchange, dialectOf(path, request), thrown);
    } finally {
      // The rest of a refused body is read past, so that the client comes to read the refusal.
      request.resume();
    }
  }

  #tellHealth(request: IncomingMessage, response: ServerResponse): void {
    checkMethod(request, 'GET');
    const { isOpen, pool } = this.#swarm;
    const health = isOpen ? { status: 'ok', model: this.#swarm.model } : { status: 'opening' };
    response.writeHead(isOpen ? 200 : 503, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
    response.end(`${JSON.stringify({ ...health, answering: pool.answering, waiting: pool.waiting })}\n`);
  }
}

/** @throws HttpError 404 */
function routeOf(path: string): Route {
  const route = ROUTES.get(path);
  if (route) return route;
  const id = MODEL_PATH.exec(path)?.[1];
  if (id !== undefined) return { method: 'GET', endpoint: showModel(decoded(id)) };
  throw new HttpError(404, `The bridge has no ${path.slice(0, 200)}. It has ${[...ROUTES.keys()].join(', ')}.`, {
    reason: 'unknown_url',
  });
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

/** @throws HttpError 405 */
function checkMethod(request: IncomingMessage, method: 'GET' | 'POST'): void {
  if (request.method === method) return;
  throw new HttpError(405, `${request.method} is not allowed here; use ${method}.`, { headers: { Allow: method } });
}

/** Anthropic's clients name a version with each request. */
function dialectOf(path: string, { headers }: IncomingMessage): Dialect {
  if (path.startsWith('/v1/messages') || headers['anthropic-version'] !== undefined) return 'anthropic';
  return path === '/v1/responses' ? 'responses' : 'openai';
}

async function fail(
  response: ServerResponse,
  exchange: Exchange | undefined,
  dialect: Dialect,
  thrown: unknown,
): Promise<void> {
  const failure = failureOf(thrown);
  if (failure.status === 500) log.error('Bridge', failure.message);
  if (!exchange?.streaming) {
    const body = JSON.stringify(failureBody(failure, dialect));
    response.writeHead(failure.status, { 'Content-Type': 'application/json', ...failure.headers }).end(body);
    return;
  }
  const { stream } = exchange;
  const { event, data } = failureEvent(failure, dialect, stream.sent);
  // A client that takes nothing cannot be told.
  await stream.send(data, event).catch(() => undefined);
  stream.end();
}
