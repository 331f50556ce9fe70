import { type FileHandle, open } from 'node:fs/promises';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { parseByteRange } from './byte-range.ts';
import type { Encoding } from './content-encoding.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.gguf': 'application/octet-stream',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** Read and sent at once: a client that does not read holds this much. */
const READ_BYTES = 512 * 1024;

export interface FileResponseOptions {
  /** Of the file at `path`, whose copy has this encoding; the content's type goes by `name`. */
  readonly encoded?: { readonly encoding: Encoding; readonly name: string };
  /** Without it, made of size and modification time. */
  readonly etag?: string;
  readonly headers?: OutgoingHttpHeaders;
}

/**
 * Answers GET and HEAD with a file: whole, one range of it, or 304 when the client has it.
 * @returns bytes of the file sent; undefined when there is no such file, and nothing is sent then
 */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  options: FileResponseOptions = {},
): Promise<number | undefined> {
  const handle = await open(path).catch(() => undefined);
  if (!handle) return undefined;
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) return undefined;
    const etag = options.etag ?? `"${stats.size.toString(16)}-${Math.round(stats.mtimeMs).toString(16)}"`;
    response.setHeader('ETag', etag);
    response.setHeader('Accept-Ranges', 'bytes');
    if (options.encoded) response.setHeader('Content-Encoding', options.encoded.encoding);
    const name = options.encoded?.name ?? path;
    response.setHeader('Content-Type', CONTENT_TYPES[extname(name)] ?? 'application/octet-stream');
    if (matches(request.headers['if-none-match'], etag)) {
      response.writeHead(304, options.headers).end();
      return 0;
    }
    // A range of another version of the file would be spliced into the wrong bytes: the whole file instead.
    const ifRange = request.headers['if-range'];
    const range = parseByteRange(
      ifRange === undefined || ifRange === etag ? request.headers.range : undefined,
      stats.size,
    );
    if (range === 'unsatisfiable') {
      response.writeHead(416, { ...options.headers, 'Content-Range': `bytes */${stats.size}` }).end();
      return 0;
    }
    const { start, end } = range ?? { start: 0, end: stats.size };
    if (range) response.setHeader('Content-Range', `bytes ${start}-${end - 1}/${stats.size}`);
    response.writeHead(range ? 206 : 200, { ...options.headers, 'Content-Length': end - start });
    if (request.method === 'HEAD' || start === end) {
      response.end();
      return 0;
    }
    return await sendBytes(handle, start, end, response);
  } finally {
    await handle.close();
  }
}

/** Through one buffer: a stream makes one for each part, and collecting them took as long as sending. */
async function sendBytes(handle: FileHandle, start: number, end: number, response: ServerResponse): Promise<number> {
  const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, end - start));
  let at = start;
  // A client that goes away in the middle leaves nobody to be told.
  while (at < end && !response.destroyed) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, end - at), at);
    // The file has become shorter: the client sees it by the length.
    if (bytesRead === 0) break;
    at += bytesRead;
    await written(response, buffer.subarray(0, bytesRead));
  }
  if (at < end) response.destroy();
  else response.end();
  return at - start;
}

/** Resolves when the bytes are with the network, or the client is gone: the buffer is free again. */
function written(response: ServerResponse, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('close', done);
      resolve();
    };
    response.once('close', done);
    response.write(bytes, done);
  });
}

function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((candidate) => ['*', etag, `W/${etag}`].includes(candidate.trim()));
}
