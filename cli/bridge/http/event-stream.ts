import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { KEEP_ALIVE_MS, READ_TIMEOUT_MS } from '../limits.ts';

/**
 * An answer as server-sent events. The status goes out with the first event, so that a failure before it has a
 * status of its own; after `KEEP_ALIVE_MS` of waiting it goes out with a comment.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #signal: AbortSignal;
  readonly #keepAlive: NodeJS.Timeout;
  #sent = 0;

  /** @param signal - fires when the reader has gone */
  constructor(response: ServerResponse, signal: AbortSignal) {
    this.#response = response;
    this.#signal = signal;
    this.#keepAlive = setInterval(() => {
      // A comment for a reader that takes nothing would only pile up.
      if (!response.writableNeedDrain) this.#write(': waiting\n\n');
    }, KEEP_ALIVE_MS);
    response.once('close', () => clearInterval(this.#keepAlive));
  }

  /** Events so far. */
  get sent(): number {
    return this.#sent;
  }

  /** Resolves when the reader has room for more. @throws when it has gone, or takes nothing for `READ_TIMEOUT_MS` */
  async send(data: object | string, event?: string): Promise<void> {
    this.#signal.throwIfAborted();
    this.#sent++;
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    const head = event === undefined ? '' : `event: ${event}\n`;
    if (this.#write(`${head}data: ${text}\n\n`)) return;
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(READ_TIMEOUT_MS)]);
    try {
      await once(this.#response, 'drain', { signal });
    } catch (error) {
      this.#response.destroy();
      throw error;
    }
  }

  end(): void {
    clearInterval(this.#keepAlive);
    this.#response.end();
  }

  #write(text: string): boolean {
    const { headersSent, destroyed, writableEnded } = this.#response;
    if (destroyed || writableEnded) return false;
    if (!headersSent)
      this.#response.writeHead(200, {
        'Content-Type': 'text/event-stream; charset=utf-8',
        'Cache-Control': 'no-cache',
      });
    return this.#response.write(text);
  }
}
