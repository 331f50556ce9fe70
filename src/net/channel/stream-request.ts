import type { Stream } from '@libp2p/interface';
import { abortError } from '../../core/abortable.ts';
import { ShoalError } from '../../core/errors.ts';
import { MAX_COMMAND_BYTES } from '../../protocol/limits.ts';
import type { RequestHandler } from '../transport.ts';
import { MessageAssembler, prefixed } from './message-assembler.ts';

/** A peer that opens a stream sends its request at once. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Closing is a courtesy: a peer that does not take part in it is left behind after this. */
const CLOSE_TIMEOUT_MS = 5000;

/** @throws ShoalError `limit-exceeded` */
export function checkMessageSize(message: Uint8Array): void {
  if (message.byteLength === 0 || message.byteLength > MAX_COMMAND_BYTES) {
    const text = `A request or response has ${message.byteLength} bytes, expected 1 to ${MAX_COMMAND_BYTES}.`;
    throw new ShoalError('limit-exceeded', text);
  }
}

/** Sends one request on a fresh stream and reads its response. @throws ShoalError `peer-gone`, `limit-exceeded`, `aborted` */
export async function requestOn(stream: Stream, request: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
  const response = readMessage(stream, signal);
  try {
    stream.send(prefixed(request));
  } catch (error) {
    stream.abort(ShoalError.from(error));
  }
  const message = await response;
  void closeStream(stream);
  return message;
}

/** Answers the one request of an incoming stream. */
export async function answerOn(stream: Stream, from: string, handler: RequestHandler): Promise<void> {
  try {
    const response = await handler(from, await readMessage(stream, AbortSignal.timeout(REQUEST_TIMEOUT_MS)));
    checkMessageSize(response);
    stream.send(prefixed(response));
  } catch (error) {
    stream.abort(ShoalError.from(error));
    return;
  }
  await closeStream(stream);
}

async function closeStream(stream: Stream): Promise<void> {
  try {
    await stream.close({ signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) });
  } catch (error) {
    stream.abort(ShoalError.from(error));
  }
}

function readMessage(stream: Stream, signal: AbortSignal | undefined): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void) => {
      stream.removeEventListener('message', onMessage);
      stream.removeEventListener('close', onEnd);
      stream.removeEventListener('remoteCloseWrite', onEnd);
      signal?.removeEventListener('abort', onAbort);
      then();
    };
    const fail = (error: ShoalError) => {
      settle(() => reject(error));
      stream.abort(error);
    };
    const assembler = new MessageAssembler(MAX_COMMAND_BYTES, (message) => settle(() => resolve(message)));
    const onMessage = ({ data }: { data: Uint8Array | Iterable<Uint8Array> }) => {
      try {
        for (const chunk of data instanceof Uint8Array ? [data] : data) assembler.push(chunk);
      } catch (error) {
        fail(ShoalError.from(error));
      }
    };
    const onEnd = () =>
      settle(() => reject(new ShoalError('peer-gone', 'The peer closed the stream before its message was whole.')));
    const onAbort = () => fail(abortError(signal!));
    stream.addEventListener('message', onMessage);
    stream.addEventListener('close', onEnd);
    stream.addEventListener('remoteCloseWrite', onEnd);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}
