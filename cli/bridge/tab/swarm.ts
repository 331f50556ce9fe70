import type { ChatCompletion, ChatCompletionChunk, Completion } from '@mlc-ai/web-llm';
import { ShoalError } from '../../../src/core/errors.ts';
import { HttpError } from '../http/http-error.ts';
import { UNAVAILABLE_RETRY_S } from '../limits.ts';
import { EnginePool } from './engine-pool.ts';
import type { PageCalls } from './page-calls.ts';

/** A tab that answers. */
export interface OpenTab {
  readonly model: string;
  readonly calls: PageCalls;
}

/** The swarm as the APIs ask it, through whatever tab is open. */
export class Swarm {
  readonly pool = new EnginePool();
  readonly #tab: () => OpenTab | undefined;

  /** @param tab - undefined while none is open */
  constructor(tab: () => OpenTab | undefined) {
    this.#tab = tab;
  }

  get isOpen(): boolean {
    return this.#tab() !== undefined;
  }

  /** The model that it serves. @throws HttpError 503 while no tab is open */
  get model(): string {
    return this.#open().model;
  }

  /** @throws HttpError 429, 503; ShoalError as the engine; `aborted` */
  chat(request: object, signal: AbortSignal): Promise<ChatCompletion> {
    return this.#whole({ kind: 'chat', request: askingForThoughts(request), stream: false }, signal);
  }

  /** As `chat`, in parts. */
  chatStream(request: object, signal: AbortSignal): AsyncGenerator<ChatCompletionChunk, void> {
    return this.#answer({ kind: 'chat', request: askingForThoughts(request), stream: true }, signal);
  }

  /** @throws as `chat` */
  text(request: object, signal: AbortSignal): Promise<Completion> {
    return this.#whole({ kind: 'text', request, stream: false }, signal);
  }

  /** As `text`, in parts. */
  textStream(request: object, signal: AbortSignal): AsyncGenerator<Completion, void> {
    return this.#answer({ kind: 'text', request, stream: true }, signal);
  }

  /** How many tokens a chat request gives the model to read. @throws as `chat` */
  promptSize(request: object): Promise<number> {
    return this.#open().calls.promptSize(request);
  }

  async #whole<Whole>(asked: Asked, signal: AbortSignal): Promise<Whole> {
    for await (const whole of this.#answer<Whole>(asked, signal)) return whole;
    throw new ShoalError('internal', 'The engine gave no answer.');
  }

  /** The tab's engine speaks WebLLM's shapes: `Part` is the shape that the request asks for. */
  async *#answer<Part>({ kind, request: asked, stream }: Asked, signal: AbortSignal): AsyncGenerator<Part, void> {
    // Without a tab a request takes no place in the queue.
    this.#open();
    const request: AskedFields = { ...asked, stream };
    const engine = await this.pool.take(`${kind} ${saidIn(request)}`, signal);
    try {
      const call = { engine: engine.name, kind, request: JSON.stringify(request) };
      yield* this.#open().calls.answer(call, signal) as AsyncGenerator<Part, void>;
    } finally {
      this.pool.free(engine);
    }
  }

  #open(): OpenTab {
    const tab = this.#tab();
    if (tab) return tab;
    throw new HttpError(503, 'The swarm cannot be asked yet: not every layer is served, or the tab opens again.', {
      headers: { 'Retry-After': String(UNAVAILABLE_RETRY_S) },
    });
  }
}

/** WebLLM leaves what a model says to itself in an answer's text; the APIs have places of their own for it. */
function askingForThoughts(request: { readonly extra_body?: unknown }): object {
  const { extra_body: extra } = request;
  if (typeof extra !== 'object' && extra !== undefined) return request;
  return { ...request, extra_body: { thoughts_apart: true, ...extra } };
}

/** The text of a request, without what all requests begin with. */
function saidIn({ messages, prompt }: AskedFields): string {
  if (!Array.isArray(messages)) return typeof prompt === 'string' ? prompt : '';
  return messages.map((message: { readonly content?: unknown } | null) => JSON.stringify(message?.content)).join();
}

interface Asked {
  readonly kind: 'chat' | 'text';
  readonly request: object;
  readonly stream: boolean;
}

interface AskedFields {
  readonly messages?: unknown;
  readonly prompt?: unknown;
  readonly stream: boolean;
}
