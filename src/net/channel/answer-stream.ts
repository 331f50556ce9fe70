import type { Stream } from '@libp2p/interface';
import { ShoalError } from '../../core/errors.ts';
import type { RequestHandler } from '../transport.ts';
import type { InFlight } from './in-flight.ts';
import { checkMessageSize, MessageStream } from './message-stream.ts';

/** A peer that opens a stream sends its request at once. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Longer than askers keep a stream, so that it is they who close it. */
const IDLE_TIMEOUT_MS = 120_000;

export interface AnswerOptions {
  /** The peer that asks. */
  readonly from: string;
  /** A stream may be older than the handler, and outlive it. */
  readonly handler: () => RequestHandler | undefined;
  /** Of all streams with peers. */
  readonly answering: InFlight;
}

/** Answers the requests of an incoming stream, one after the other. */
export function answerOn(stream: Stream, { from, handler, answering }: AnswerOptions): void {
  let busy = false;
  let ended = false;
  let timer: ReturnType<typeof setTimeout>;
  const messages = new MessageStream(stream, {
    onMessage: (request) => void answer(request),
    onEnd: (inOrder) => {
      clearTimeout(timer);
      ended = true;
      // What is being answered is still sent.
      if (inOrder && !busy) void messages.close();
    },
  });
  timer = setTimeout(() => messages.abort(new ShoalError('timeout', 'No request came.')), REQUEST_TIMEOUT_MS);

  async function answer(request: Uint8Array): Promise<void> {
    clearTimeout(timer);
    const handle = handler();
    if (!handle) {
      // Unheard: on a fresh stream the peer learns that nobody speaks the protocol any more.
      void messages.close();
      return;
    }
    if (busy || !answering.enter(from)) {
      messages.abort(new ShoalError('limit-exceeded', `${from} has too many requests unanswered.`));
      return;
    }
    busy = true;
    try {
      const response = await handle(from, request);
      checkMessageSize(response);
      messages.send(response);
      if (ended) void messages.close();
      else timer = setTimeout(() => void messages.close(), IDLE_TIMEOUT_MS);
    } catch (error) {
      messages.abort(ShoalError.from(error));
    } finally {
      busy = false;
      answering.leave(from);
    }
  }
}
