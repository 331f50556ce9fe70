import type { Stream } from '@libp2p/interface';
import { ShoalError } from '../core/errors.ts';
import { MAX_COMMAND_BYTES } from '../protocol/limits.ts';
import { MessageAssembler, prefixed } from './message-assembler.ts';
import type { RequestHandler } from './transport.ts';

/** A peer that opens a stream sends its request at once. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Sends one request on a fresh stream and reads its response. @throws ShoalError `peer-gone`, `limit-exceeded`, `aborted` */
export async function requestOn(stream: Stream, request: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
  const response = readMessage(stream, signal);
  stream.send(prefixed(request));
  const message = await response;
  stream.close().catch(() => undefined);
  return message;
}

/** Answers the one request of an incoming stream. */
export async function answerOn(stream: Stream, from: string, handler: RequestHandler): Promise<void> {
  try {
    const request = await readMessage(stream, AbortSignal.timeout(REQUEST_TIMEOUT_MS));
    stream.send(prefixed(await handler(from, request)));
    await stream.close();
  } catch (error) {
    stream.abort(ShoalError.from(error));
  }
}

function readMessage(stream: Stream, signal: AbortSignal | undefined): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
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
    const onAbort = () => fail(ShoalError.from(signal?.reason));
    const fail = (error: ShoalError) => {
      settle(() => reject(error));
      stream.abort(error);
    };
    const settle = (then: () => void) => {
      stream.removeEventListener('message', onMessage);
      stream.removeEventListener('close', onEnd);
      stream.removeEventListener('remoteCloseWrite', onEnd);
      signal?.removeEventListener('abort', onAbort);
      then();
    };
    if (signal?.aborted) return onAbort();
    stream.addEventListener('message', onMessage);
    stream.addEventListener('close', onEnd);
    stream.addEventListener('remoteCloseWrite', onEnd);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
