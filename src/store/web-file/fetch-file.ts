import { abortable } from '../../core/abortable.ts';
import { ShoalError } from '../../core/errors.ts';
import { KeptParts, type Part, type PartFacts } from './kept-parts.ts';

/** Fetched by one request: what is lost when a connection breaks. Browsers keep large blobs on disk. */
export const PART_BYTES = 16 << 20;
/** Tries of one part, with pauses that double. */
const TRIES = 6;
/** And of a file of which nothing has come yet: a link is likelier wrong than its server away for some seconds. */
const FIRST_TRIES = 3;
const FIRST_PAUSE_MS = 500;

/** Told of bytes fetched, never fewer than before; `totalBytes` is undefined where the server does not say. */
export type OnFetched = (doneBytes: number, totalBytes: number | undefined) => void;

export interface FetchFileOptions {
  /** Whether this browser keeps what comes: a later fetch, also of another page of the site, goes on with it. */
  readonly keep: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: OnFetched;
}

/**
 * Fetches a file of the web, in parts where its server gives parts; one that breaks off is asked for again.
 * @throws ShoalError `model-unavailable` that says what the address answers, `aborted`
 */
export async function fetchFile(url: URL, { keep, ...options }: FetchFileOptions): Promise<Blob> {
  const kept = keep ? await KeptParts.open(url) : undefined;
  const whole = await fetchParts(new PartFetch(url, kept, options));
  if (whole) return whole;
  // It has become another file since its first part came.
  await kept?.delete();
  const again = await fetchParts(new PartFetch(url, kept, options));
  if (again) return again;
  throw unavailable(url, 'it changes while it is fetched');
}

/** Deletes what this browser keeps of a file. */
export async function forgetFile(url: URL): Promise<void> {
  await (await KeptParts.open(url))?.delete();
}

/** @returns undefined where parts are of different files */
async function fetchParts(fetching: PartFetch): Promise<Blob | undefined> {
  const blobs: Blob[] = [];
  let first: PartFacts | undefined;
  for (let done = 0; ; ) {
    const part = await fetching.part(done);
    // Without a length it may end exactly where a part does.
    if (!part) return first?.totalBytes === undefined ? new Blob(blobs) : undefined;
    first ??= part;
    if (part.version !== first.version || part.totalBytes !== first.totalBytes) return undefined;
    blobs.push(part.blob);
    done += part.blob.size;
    const isLast = part.totalBytes === undefined ? part.blob.size < PART_BYTES : done === part.totalBytes;
    if (isLast || part.isWhole) return new Blob(blobs);
    if (part.blob.size === 0) throw unavailable(fetching.url, `it ended after ${done} of ${part.totalBytes} bytes`);
  }
}

/** Gets one part after the other, from the browser's storage or the web. */
class PartFetch {
  readonly url: URL;
  readonly #options: Omit<FetchFileOptions, 'keep'>;
  #kept: KeptParts | undefined;
  /** Bytes that the page was told of: a part that is asked for again does not take them back. */
  #toldBytes = 0;

  constructor(url: URL, kept: KeptParts | undefined, options: Omit<FetchFileOptions, 'keep'>) {
    this.url = url;
    this.#kept = kept;
    this.#options = options;
  }

  /** @returns undefined where the file has no more */
  async part(offset: number): Promise<Part | undefined> {
    const { signal } = this.#options;
    const part = (await this.#kept?.find(offset)) ?? (await this.#fetch(offset));
    if (signal?.aborted) throw cancelled(signal.reason);
    if (part) this.#tell(offset + part.blob.size, part.totalBytes);
    return part;
  }

  async #fetch(offset: number): Promise<Part | undefined> {
    const { signal } = this.#options;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#request(offset);
      } catch (error) {
        if (signal?.aborted) throw cancelled(error);
        if (error instanceof ShoalError) throw error;
        if (this.#kept && error instanceof DOMException && error.name === 'QuotaExceededError') {
          // The rest stays in memory, or goes where the browser puts a blob.
          this.#kept = undefined;
          continue;
        }
        if (tries >= (offset > 0 || this.#toldBytes > 0 ? TRIES : FIRST_TRIES))
          throw unavailable(this.url, reasonOf(error), error);
        const pause = new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS * 2 ** (tries - 1)));
        await abortable(pause, signal).catch((cause: unknown) => Promise.reject(cancelled(cause)));
      }
    }
  }

  async #request(offset: number): Promise<Part | undefined> {
    const { signal } = this.#options;
    const headers = { range: `bytes=${offset}-${offset + PART_BYTES - 1}` };
    const response = await fetch(this.url, { headers, ...(signal ? { signal } : {}) });
    const { status, body } = response;
    if (status === 416 && offset > 0) return undefined;
    // Without parts it is the whole at once.
    if ((status === 206 || (status === 200 && offset === 0)) && body) return this.#read(response, body, offset);
    if (status < 500) throw unavailable(this.url, `the server answers ${status}`);
    throw new Error(`the server answers ${status}`);
  }

  async #read(response: Response, body: ReadableStream<Uint8Array>, offset: number): Promise<Part> {
    const facts = { totalBytes: totalOf(response), isWhole: response.status === 200, version: versionOf(response) };
    let doneBytes = offset;
    const counter = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        doneBytes += chunk.length;
        this.#tell(doneBytes, facts.totalBytes);
        controller.enqueue(chunk);
      },
    });
    const counted = body.pipeThrough(counter as ReadableWritablePair<Uint8Array, Uint8Array>);
    if (this.#kept) return { blob: await this.#kept.keep(offset, counted, facts), ...facts };
    return { blob: await new Response(counted as ReadableStream<Uint8Array<ArrayBuffer>>).blob(), ...facts };
  }

  #tell(doneBytes: number, totalBytes: number | undefined): void {
    if (doneBytes <= this.#toldBytes) return;
    this.#toldBytes = doneBytes;
    this.#options.onProgress(doneBytes, totalBytes);
  }
}

/** A server of another origin may not let the page see how long the file is. */
function totalOf({ status, headers }: Response): number | undefined {
  const text =
    status === 206 ? /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1] : headers.get('content-length');
  // Of a compressed answer the header counts the compressed bytes.
  return text && !headers.has('content-encoding') ? Number(text) : undefined;
}

function versionOf({ headers }: Response): string | undefined {
  return headers.get('etag') ?? headers.get('last-modified') ?? undefined;
}

function cancelled(cause: unknown): ShoalError {
  return new ShoalError('aborted', 'Fetching the model was cancelled.', { cause });
}

/** A page is not told why a server of another origin could not be asked. */
function reasonOf(error: unknown): string {
  if (error instanceof TypeError)
    return 'this browser got no answer: its server may be away, or not allow pages of other sites to read it (CORS)';
  return error instanceof Error ? error.message : String(error);
}

function unavailable({ href }: URL, reason: string, cause?: unknown): ShoalError {
  return new ShoalError('model-unavailable', `${href} could not be fetched: ${reason}.`, { cause });
}
