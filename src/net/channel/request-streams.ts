import type { Stream } from '@libp2p/interface';
import { abortError } from '../../core/abortable.ts';
import { ShoalError } from '../../core/errors.ts';
import { checkMessageSize, MessageStream } from './message-stream.ts';

/** A stream is kept so long for the next request, of the next question: a fresh one costs two round trips. */
const KEPT_MS = 60_000;
/** Streams to a peer that are kept, of each protocol; more are used at once when more is asked at once. */
const MAX_KEPT = 4;

/** @throws ShoalError `peer-unreachable`, `limit-exceeded`, `aborted` */
export type OpenRequestStream = (peerId: string, protocol: string, signal: AbortSignal | undefined) => Promise<Stream>;

/** Requests to peers, each on a stream that has no other at the time. */
export class RequestStreams {
  readonly #open: OpenRequestStream;
  /** By protocol and peer; the last is the freshest. */
  readonly #kept = new Map<string, RequestStream[]>();

  constructor(open: OpenRequestStream) {
    this.#open = open;
  }

  /** @throws ShoalError `peer-gone`, `peer-unreachable`, `limit-exceeded`, `aborted` */
  async request(
    peerId: string,
    protocol: string,
    request: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    checkMessageSize(request);
    const key = `${protocol} ${peerId}`;
    for (;;) {
      const kept = this.#kept.get(key)?.pop();
      const stream: RequestStream =
        kept ?? new RequestStream(await this.#open(peerId, protocol, signal), () => this.#drop(key, stream));
      const response = await stream.ask(request, signal);
      if (response) {
        this.#keep(key, stream);
        return response;
      }
      // The peer closed it while nothing was asked: it has not heard the request.
      if (!kept) throw new ShoalError('peer-gone', 'The peer closed the stream before it answered.');
    }
  }

  #keep(key: string, stream: RequestStream): void {
    const kept = this.#kept.get(key) ?? [];
    if (kept.length >= MAX_KEPT) {
      stream.close();
      return;
    }
    this.#kept.set(key, kept);
    kept.push(stream);
    stream.rest(KEPT_MS);
  }

  #drop(key: string, stream: RequestStream): void {
    const kept = this.#kept.get(key)?.filter((other) => other !== stream) ?? [];
    if (kept.length > 0) this.#kept.set(key, kept);
    else this.#kept.delete(key);
  }
}

/** One stream, for one request at a time. */
class RequestStream {
  readonly #stream: MessageStream;
  readonly #onEnd: () => void;
  #answer: PromiseWithResolvers<Uint8Array | undefined> | undefined;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #ended: 'in order' | 'broken' | undefined;

  constructor(stream: Stream, onEnd: () => void) {
    this.#onEnd = onEnd;
    this.#stream = new MessageStream(stream, {
      onMessage: (message) => {
        if (this.#answer) this.#answer.resolve(message);
        else this.#stream.abort(new ShoalError('bad-result', 'An answer came that nobody has asked for.'));
      },
      onEnd: (inOrder) => this.#end(inOrder),
    });
  }

  /**
   * @returns undefined where the peer has closed the stream in order instead
   * @throws ShoalError `peer-gone`, `aborted`
   */
  async ask(request: Uint8Array, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
    clearTimeout(this.#rest);
    const answer = Promise.withResolvers<Uint8Array | undefined>();
    this.#answer = answer;
    const abort = () => {
      answer.reject(abortError(signal!));
      this.#stream.abort(abortError(signal!));
    };
    try {
      if (this.#ended) this.#settle(this.#ended);
      else if (signal?.aborted) abort();
      else {
        signal?.addEventListener('abort', abort, { once: true });
        this.#stream.send(request);
      }
      return await answer.promise;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#answer = undefined;
    }
  }

  /** Nothing is asked for now: the stream is closed when that is so for `ms`. */
  rest(ms: number): void {
    this.#rest = setTimeout(() => this.close(), ms);
  }

  close(): void {
    this.#onEnd();
    void this.#stream.close();
  }

  #end(inOrder: boolean): void {
    clearTimeout(this.#rest);
    this.#ended = inOrder ? 'in order' : 'broken';
    this.#onEnd();
    this.#settle(this.#ended);
  }

  #settle(ended: 'in order' | 'broken'): void {
    if (ended === 'in order') this.#answer?.resolve(undefined);
    else this.#answer?.reject(new ShoalError('peer-gone', 'The peer closed the stream before its message was whole.'));
  }
}
