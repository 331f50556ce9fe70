import type { WorkerRequest, WorkerResponse } from '@mlc-ai/web-llm';

/** Of service workers (an old one and a new one may be there at once) and the page that runs the engine: all hear all. */
export const ENGINE_CHANNEL = 'shoal/web-llm';

/** Held by the page that runs the engine, one of an origin at a time. When it is gone the next one gets it. */
export const HOST_LOCK = 'shoal/web-llm/host';

/** Held by that page alone: the service worker gets it when the page is gone. */
export const lockOf = (host: string) => `${HOST_LOCK}/${host}`;

/** What the service worker says. */
export type ToPage =
  /** Asks who runs the engine. */
  { readonly kind: 'who' } | { readonly kind: 'request'; readonly host: string; readonly request: WorkerRequest };

/** What the page says. */
export type ToWorker =
  /** It runs the engine. */
  | { readonly kind: 'host'; readonly host: string }
  | { readonly kind: 'response'; readonly host: string; readonly response: WorkerResponse };
