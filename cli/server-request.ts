import { type IncomingMessage, type OutgoingHttpHeaders, get as openHttp } from 'node:http';
import { get as openHttps } from 'node:https';
import { ShoalError } from '../src/core/errors.ts';

/** A server that says nothing for so long is taken for gone. */
const SILENCE_TIMEOUT_MS = 15_000;

/**
 * Opens a file of a Shoal server. A certificate of the server's own making is accepted, since `serve --https` makes one:
 * what is read is not secret, and it is checked by its hash.
 * @throws ShoalError `model-unavailable` when the server does not answer, or not with the file
 */
export async function openServerFile(url: URL, headers: OutgoingHttpHeaders = {}): Promise<IncomingMessage> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const open = url.protocol === 'https:' ? openHttps : openHttp;
    const request = open(url, { headers, rejectUnauthorized: false, timeout: SILENCE_TIMEOUT_MS }, resolve);
    request.once('timeout', () => request.destroy(new Error(`silent for ${SILENCE_TIMEOUT_MS / 1000} s`)));
    request.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new ShoalError('model-unavailable', `${url.origin} does not answer (${cause.code ?? cause.message}).`, {
          cause,
        }),
      ),
    );
  });
  if (response.statusCode === 200) return response;
  response.resume();
  throw new ShoalError('model-unavailable', `${url.href} is answered with status ${response.statusCode}.`);
}

/** A small file of the server, whole. @throws ShoalError as `openServerFile`, `limit-exceeded` over `maxBytes` */
export async function readServerFile(url: URL, maxBytes: number, headers?: OutgoingHttpHeaders): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of await openServerFile(url, headers)) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes)
      throw new ShoalError('limit-exceeded', `${url.href} is longer than ${maxBytes} bytes: it is no such file.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
