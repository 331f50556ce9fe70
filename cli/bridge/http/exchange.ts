import type { ServerResponse } from 'node:http';
import { EventStream } from './event-stream.ts';
import type { RequestBody } from './request-body.ts';

/** One request that an endpoint answers. */
export class Exchange {
  readonly body: RequestBody;
  /** Fires when the client has gone. */
  readonly signal: AbortSignal;
  readonly #response: ServerResponse;
  #stream: EventStream | undefined;

  constructor(body: RequestBody, response: ServerResponse, signal: AbortSignal) {
    this.body = body;
    this.#response = response;
    this.signal = signal;
  }

  /** The answer as events; from the first use on it has no other form. */
  get stream(): EventStream {
    this.#stream ??= new EventStream(this.#response, this.signal);
    return this.#stream;
  }

  /** Whether a part of a stream has gone out: a failure is told as an event from now on. */
  get streaming(): boolean {
    return this.#stream !== undefined && this.#response.headersSent;
  }

  /** Answers with JSON. */
  reply(value: object): void {
    this.#response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
  }
}

/** An event of a stream whose events are told apart by their type. */
export interface TypedEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Streams events as they come, or answers with the whole that they end in. */
export async function streamOrReply(
  { stream: asked }: { readonly stream?: boolean | undefined },
  exchange: Exchange,
  events: AsyncGenerator<TypedEvent, object>,
): Promise<void> {
  const stream = asked ? exchange.stream : undefined;
  try {
    for (;;) {
      const next = await events.next();
      if (next.done) return stream ? stream.end() : exchange.reply(next.value);
      await stream?.send(next.value, next.value.type);
    }
  } finally {
    // A reader that has gone leaves the engine to others.
    await events.return({});
  }
}
