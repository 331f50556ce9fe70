import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AllowedPages } from '../../../signaling-server/allowed-pages.ts';
import { HttpError } from './http-error.ts';

/** Who may ask. */
export interface CallersOptions {
  /** The API key that every request must carry; undefined for none. */
  readonly key: string | undefined;
  /** Origins of web pages, as browsers write them; `*` for every page. */
  readonly origins: readonly string[];
}

/** A preflight's answer holds for so long, s: a day, which browsers cut to their own bound. */
const PREFLIGHT_SECONDS = 86_400;

/** Tells this machine's programs from web pages that a browser on it shows, and checks their key. */
export class Callers {
  readonly #pages: AllowedPages;
  readonly #key: Buffer | undefined;

  constructor({ key, origins }: CallersOptions) {
    this.#pages = new AllowedPages({ publicUrl: undefined, origins });
    this.#key = key === undefined ? undefined : digest(key);
  }

  /** @throws HttpError 421 for a name that anybody could point here, 403 for a page of another site */
  checkPage(request: IncomingMessage): void {
    const refusal = this.#pages.refusal(request);
    if (refusal === 'host')
      throw new HttpError(421, 'The bridge does not know itself by that name. Ask it as 127.0.0.1 or localhost.');
    if (refusal === 'origin') {
      throw new HttpError(
        403,
        'Web pages may not use the bridge. To allow one, start the bridge with --allow-origin https://site.',
      );
    }
  }

  /** @throws HttpError 401 without the key, where one is needed */
  checkKey({ headers }: IncomingMessage): void {
    if (this.#key === undefined) return;
    const bearer = /^Bearer\s+(.+)$/i.exec(headers.authorization ?? '')?.[1];
    const given = [bearer, headers['x-api-key']].filter((key) => typeof key === 'string');
    // By digests, which are of one length: how long it takes tells nothing of the key.
    if (given.some((key) => timingSafeEqual(digest(key.trim()), this.#key!))) return;
    throw new HttpError(
      401,
      `${given.length > 0 ? 'The API key is wrong' : 'The request has no API key'}: send the key that the bridge was started with, as "Authorization: Bearer KEY" or "x-api-key: KEY".`,
      { reason: 'invalid_api_key', headers: { 'WWW-Authenticate': 'Bearer' } },
    );
  }

  /** Lets an allowed page read the answer. */
  allowReading(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('Vary', 'Origin');
    const origin = this.#pages.named(request);
    if (origin === undefined) return;
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Expose-Headers', 'Retry-After, X-Request-Id, Request-Id');
  }

  /** Answers the question that a browser asks before a page's request. */
  answerPreflight({ headers }: IncomingMessage, response: ServerResponse): void {
    response.writeHead(204, {
      'Access-Control-Allow-Methods': 'GET, POST',
      'Access-Control-Allow-Headers': headers['access-control-request-headers'] ?? 'Authorization, Content-Type',
      'Access-Control-Max-Age': PREFLIGHT_SECONDS,
      // Chromium asks for it before it lets a public page reach this machine.
      ...(headers['access-control-request-private-network'] ? { 'Access-Control-Allow-Private-Network': 'true' } : {}),
    });
    response.end();
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
