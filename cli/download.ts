import { open, stat } from 'node:fs/promises';
import type { FetchOptions } from './model-origin.ts';

/** Until the answer begins: where a server cannot be reached, the next origin should have its turn soon. */
const ANSWER_TIMEOUT_MS = 8000;
/** Without a byte for so long, the connection is dead and worth a new one. */
const STALL_TIMEOUT_MS = 20_000;

/** What a GGUF file begins with. */
const MAGIC = 'GGUF';
/** What a person is told who does not know the numbers. */
const REFUSALS: Readonly<Record<number, string>> = {
  401: 'the server wants a login (HTTP status 401); fetch the file with a browser and name it instead',
  403: 'the server refuses it (HTTP status 403); fetch the file with a browser and name it instead',
  404: 'there is nothing at this address (HTTP status 404)',
};

/** A file that a web server has. */
export interface WebFile {
  /** What people call it. */
  readonly name: string;
  readonly url: string;
  readonly sizeBytes: number;
}

/** Fetches a file by plain https with range requests, from where an earlier call stopped. */
export async function download(file: WebFile, path: string, options: FetchOptions): Promise<void> {
  // Every connection that brought something may be followed by another; one that brought nothing is the last.
  for (;;) {
    const before = await sizeOf(path);
    try {
      return await fetchRest(file, path, options);
    } catch (error) {
      if (options.signal?.aborted || (await sizeOf(path)) <= before) throw explained(error);
    }
  }
}

/**
 * Asks for the first bytes of what a web server has at an address: no download of gigabytes begins before it is clear that
 * they are a model's.
 * @returns the size of the whole, bytes
 * @throws Error that says what is there instead
 */
export async function remoteSize(url: string, signal?: AbortSignal): Promise<number> {
  const watchdog = new Watchdog(signal);
  try {
    watchdog.expect('no answer', ANSWER_TIMEOUT_MS);
    const response = await fetch(url, {
      headers: { 'accept-encoding': 'identity', range: `bytes=0-${MAGIC.length - 1}` },
      signal: watchdog.signal,
    });
    // Left when the loop ends, wherever the server ignores the range.
    const first = await firstBytes(response);
    if (!response.ok) throw new Error(REFUSALS[response.status] ?? `HTTP status ${response.status}`);
    const type = response.headers.get('content-type')?.split(';')[0] ?? '';
    if (type.startsWith('text/')) throw new Error(`a page is there (${type}), not a model file`);
    if (first !== MAGIC)
      throw new Error(`no GGUF file is there: it begins with ${JSON.stringify(first)}, not "${MAGIC}"`);
    const { headers } = response;
    const size = Number(headers.get('content-range')?.split('/')[1] ?? headers.get('content-length') ?? 0);
    if (!(size > 0)) throw new Error('the server does not say how long the file is');
    return size;
  } catch (error) {
    throw explained(error);
  } finally {
    watchdog.stop();
  }
}

/** As many as `MAGIC` has, as text; the rest of the answer is given up. */
async function firstBytes({ body }: Response): Promise<string> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of body ?? []) {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length >= MAGIC.length) break;
  }
  return bytes.toString('latin1', 0, MAGIC.length);
}

/** Fetches what `path` lacks. */
async function fetchRest(
  { name, url, sizeBytes }: WebFile,
  path: string,
  { onProgress, signal }: FetchOptions,
): Promise<void> {
  const had = await sizeOf(path);
  if (had === sizeBytes) return;
  const start = had < sizeBytes ? had : 0;
  const watchdog = new Watchdog(signal);
  try {
    watchdog.expect('no answer', ANSWER_TIMEOUT_MS);
    const response = await fetch(url, {
      headers: { 'accept-encoding': 'identity', ...(start > 0 ? { range: `bytes=${start}-` } : {}) },
      signal: watchdog.signal,
    });
    const resumed = response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${start}-`);
    if (!(response.status === 200 || resumed) || !response.body) throw new Error(`HTTP status ${response.status}`);
    let position = resumed ? start : 0;
    const handle = await open(path, resumed ? 'r+' : 'w');
    try {
      watchdog.expect('the connection stalled', STALL_TIMEOUT_MS);
      for await (const chunk of response.body) {
        if (position + chunk.length > sizeBytes) throw new Error(`the file is longer than ${sizeBytes} bytes`);
        await handle.write(chunk, 0, chunk.length, position);
        position += chunk.length;
        onProgress?.({ task: `Downloading ${name}`, doneBytes: position, totalBytes: sizeBytes });
        watchdog.expect('the connection stalled', STALL_TIMEOUT_MS);
      }
    } finally {
      await handle.close();
    }
    if (position < sizeBytes) throw new Error(`the connection ended after ${position} of ${sizeBytes} bytes`);
  } finally {
    watchdog.stop();
  }
}

/** Aborts a request that has gone silent, or that its caller no longer wants. */
class Watchdog {
  readonly #controller = new AbortController();
  readonly signal: AbortSignal;
  #timer: NodeJS.Timeout | undefined;

  constructor(outer: AbortSignal | undefined) {
    this.signal = outer ? AbortSignal.any([outer, this.#controller.signal]) : this.#controller.signal;
  }

  /** The next sign of life is due within `timeoutMs`; `complaint` says what is wrong otherwise. */
  expect(complaint: string, timeoutMs: number): void {
    clearTimeout(this.#timer);
    const error = new Error(`${complaint} for ${timeoutMs / 1000} s`);
    this.#timer = setTimeout(() => this.#controller.abort(error), timeoutMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** `fetch` hides the reason of a failed connection in `cause`. */
function explained(error: unknown): unknown {
  return error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
}
