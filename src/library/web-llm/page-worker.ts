import type { WorkerRequest, WorkerResponse } from '@mlc-ai/web-llm';
import { ShoalError } from '../../core/errors.ts';
import { ENGINE_CHANNEL, lockOf, type ToPage, type ToWorker } from './page-messages.ts';

/** A page that is there answers at once, one that loads takes seconds. */
const NO_PAGE_MS = 30_000;
/** Of models that nobody loads here; a page's handler would not answer. */
const PASSED_OVER: readonly string[] = ['setAppConfig', 'setLogLevel'];

/** A `ChatWorker` of WebLLM's in a service worker: its requests are answered by the page that runs the engine. */
export class PageWorker {
  onmessage: (response: WorkerResponse) => void = () => {};
  readonly #channel = new BroadcastChannel(ENGINE_CHANNEL);
  /** The page that runs the engine, as far as is known. */
  #host: string | undefined;
  /** Requests that nobody has got yet, and what gives each up. */
  readonly #waiting = new Map<WorkerRequest, ReturnType<typeof setTimeout>>();
  /** Those that it was asked and has not answered. */
  readonly #asked = new Set<string>();

  constructor() {
    this.#channel.onmessage = ({ data }: MessageEvent<ToWorker | ToPage>) => {
      if (data.kind === 'host') this.#follow(data.host);
      else if (data.kind === 'response' && data.host === this.#host) this.#answer(data.response);
    };
  }

  postMessage(request: WorkerRequest): void {
    if (PASSED_OVER.includes(request.kind)) return;
    if (this.#host !== undefined) {
      this.#send(this.#host, request);
      return;
    }
    this.#waiting.set(
      request,
      setTimeout(() => this.#giveUp(request), NO_PAGE_MS),
    );
    this.#tell({ kind: 'who' });
  }

  #follow(host: string): void {
    if (host === this.#host) return;
    this.#lose('The page that ran the model was closed. Ask again: another open page takes over.');
    this.#host = host;
    void navigator.locks.request(lockOf(host), () => {
      if (this.#host !== host) return;
      this.#lose('The page that ran the model was closed. Ask again from an open page.');
      this.#host = undefined;
    });
    for (const [request, givingUp] of this.#waiting) {
      clearTimeout(givingUp);
      this.#send(host, request);
    }
    this.#waiting.clear();
  }

  #send(host: string, request: WorkerRequest): void {
    this.#asked.add(request.uuid);
    this.#tell({ kind: 'request', host, request });
  }

  #tell(message: ToPage): void {
    this.#channel.postMessage(message);
  }

  #answer(response: WorkerResponse): void {
    // Progress answers no request.
    if (response.kind === 'initProgressCallback' || this.#asked.delete(response.uuid)) this.onmessage(response);
  }

  /** Fails what the page was asked. */
  #lose(message: string): void {
    const lost = [...this.#asked];
    this.#asked.clear();
    for (const uuid of lost) this.#fail(uuid, message);
  }

  #giveUp(request: WorkerRequest): void {
    this.#waiting.delete(request);
    this.#fail(request.uuid, 'No open page runs the model. Open one that calls overShoal(…).host(…), and ask again.');
  }

  #fail(uuid: string, message: string): void {
    this.onmessage({ kind: 'throw', uuid, content: String(new ShoalError('peer-gone', message)) });
  }
}
