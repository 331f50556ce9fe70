import type { Stream } from '@libp2p/interface';
import { ShoalError } from '../../core/errors.ts';
import { MAX_COMMAND_BYTES } from '../../protocol/limits.ts';
import { MessageAssembler, prefixed } from './message-assembler.ts';

/** Closing is a courtesy: a peer that does not take part in it is left behind after this. */
const CLOSE_TIMEOUT_MS = 5000;

/** @throws ShoalError `limit-exceeded` */
export function checkMessageSize(message: Uint8Array): void {
  if (message.byteLength === 0 || message.byteLength > MAX_COMMAND_BYTES) {
    const text = `A request or response has ${message.byteLength} bytes, expected 1 to ${MAX_COMMAND_BYTES}.`;
    throw new ShoalError('limit-exceeded', text);
  }
}

export interface MessageListener {
  onMessage(message: Uint8Array<ArrayBuffer>): void;
  /** Called once: nothing comes any more. @param inOrder - the peer has closed it, between two messages */
  onEnd(inOrder: boolean): void;
}

/** A libp2p stream that carries whole messages, requests one way and responses the other. */
export class MessageStream {
  readonly #stream: Stream;
  readonly #listener: MessageListener;
  readonly #assembler: MessageAssembler;
  #ended = false;

  constructor(stream: Stream, listener: MessageListener) {
    this.#stream = stream;
    this.#listener = listener;
    this.#assembler = new MessageAssembler(MAX_COMMAND_BYTES, (message) => listener.onMessage(message));
    stream.addEventListener('message', this.#onData);
    stream.addEventListener('remoteCloseWrite', this.#onRemoteClose);
    stream.addEventListener('close', this.#onClose);
    // It may be over before anybody listens.
    if (stream.status !== 'open') this.#end(false);
  }

  send(message: Uint8Array): void {
    try {
      this.#stream.send(prefixed(message));
    } catch (error) {
      this.abort(ShoalError.from(error));
    }
  }

  async close(): Promise<void> {
    try {
      await this.#stream.close({ signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) });
    } catch (error) {
      this.abort(ShoalError.from(error));
    }
  }

  abort(error: ShoalError): void {
    this.#stream.abort(error);
    this.#end(false);
  }

  readonly #onData = ({ data }: { data: Uint8Array | Iterable<Uint8Array> }): void => {
    try {
      for (const chunk of data instanceof Uint8Array ? [data] : data) this.#assembler.push(chunk);
    } catch (error) {
      this.abort(ShoalError.from(error));
    }
  };
  readonly #onRemoteClose = (): void => this.#end(!this.#assembler.partial);
  readonly #onClose = ({ error }: { readonly error?: Error }): void => this.#end(!error && !this.#assembler.partial);

  #end(inOrder: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stream.removeEventListener('message', this.#onData);
    this.#stream.removeEventListener('remoteCloseWrite', this.#onRemoteClose);
    this.#stream.removeEventListener('close', this.#onClose);
    this.#listener.onEnd(inOrder);
  }
}
