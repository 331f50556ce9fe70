import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { selfSignedCertificate } from '../../../cli/certificate.ts';

/**
 * A hub with one file, over https, as a page of another site may ask it. As Hugging Face does, it leads on from the
 * file's address, and lets each page read that by name, to a host of storage, which lets every page read.
 */
export interface HubServer {
  /** Of the file. */
  readonly url: string;
  /** Bytes `[start, end)` that were asked for, in order. */
  readonly asked: readonly (readonly [start: number, end: number])[];
  /** What requests said of who asks. */
  readonly headers: readonly NodeJS.Dict<string | string[]>[];
  /** `spoilt` has a wrong bit in every part that is longer than a header's. */
  state: 'good' | 'spoilt' | 'whole';
  /** Gives parts until so many have been asked for, and asks to wait then. */
  patience: number;
  /** How often it has asked to wait. */
  refusals: number;
  close(): void;
}

const CORS = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'Content-Range' };
const STORED = '/stored/tiny.gguf?expires=soon';

/**
 * @param directory - for its certificate
 * @param headerBytes - of the file: no bit is wrong there
 */
export async function startHub(file: Uint8Array, directory: string, headerBytes: number): Promise<HubServer> {
  const asked: [number, number][] = [];
  const headers: NodeJS.Dict<string | string[]>[] = [];
  const certificate = await selfSignedCertificate(directory, ['127.0.0.1']);
  const front = createServer(certificate, ({ headers: { origin } }, response) => {
    const { port } = storage.address() as AddressInfo;
    response.writeHead(302, {
      ...(origin ? { 'Access-Control-Allow-Origin': origin, Vary: 'Origin' } : {}),
      'Access-Control-Expose-Headers': 'Content-Range, ETag, X-Linked-Size',
      Location: `https://127.0.0.1:${port}${STORED}`,
    });
    response.end();
  });
  const storage = createServer(certificate, (request, response) => {
    if (request.url !== STORED) {
      response.writeHead(403).end();
      return;
    }
    const [, start, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    headers.push(request.headers);
    if (hub.state === 'whole' || start === undefined) {
      response.writeHead(200, CORS).end(file);
      return;
    }
    if (asked.length >= hub.patience) {
      hub.refusals++;
      response.writeHead(429, { ...CORS, 'Retry-After': '600' }).end();
      return;
    }
    const [from, to] = [Number(start), Math.min(file.length, Number(last) + 1)];
    asked.push([from, to]);
    const part = file.slice(from, to);
    if (hub.state === 'spoilt' && to > headerBytes) part[Math.max(headerBytes, from) - from]! ^= 1;
    const contentRange = { 'Content-Range': `bytes ${from}-${to - 1}/${file.length}` };
    response.writeHead(206, { ...CORS, ...contentRange, 'Content-Length': part.length }).end(part);
  });
  for (const server of [front, storage]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const hub: HubServer = {
    url: `https://127.0.0.1:${(front.address() as AddressInfo).port}/owner/model/resolve/0123abc/tiny.gguf`,
    asked,
    headers,
    state: 'good',
    patience: Number.POSITIVE_INFINITY,
    refusals: 0,
    close: () => {
      for (const server of [front, storage]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
  return hub;
}
