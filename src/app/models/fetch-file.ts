import { ShoalError } from '../../core/errors.ts';
import type { ModelLink } from '../../gguf/model-link.ts';

/** Fetched by one request: what is lost when a connection breaks. Browsers keep large blobs on disk. */
const PART_BYTES = 16 << 20;
/** Tries of one part, with pauses that double. */
const TRIES = 6;
const FIRST_PAUSE_MS = 500;

export interface FetchFileOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
}

/**
 * Fetches a file of the web, in parts where its server gives parts; one that breaks off is asked for again.
 * @throws ShoalError `model-unavailable` that says what the address answers, `aborted`
 */
export async function fetchFile({ url, fileName }: ModelLink, options: FetchFileOptions): Promise<File> {
  const parts: Blob[] = [];
  let [done, total] = [0, Number.POSITIVE_INFINITY];
  while (done < total) {
    const { blob, totalBytes } = await fetchPart(url, done, options);
    if (blob.size === 0) throw unavailable(url, `it ended after ${done} of ${totalBytes} bytes`);
    parts.push(blob);
    done += blob.size;
    total = totalBytes;
    options.onProgress(done, total);
  }
  return new File(parts, fileName);
}

interface Part {
  readonly blob: Blob;
  /** Of the whole file. */
  readonly totalBytes: number;
}

async function fetchPart(url: URL, offset: number, { signal }: FetchFileOptions): Promise<Part> {
  for (let tries = 1; ; tries++) {
    try {
      const headers = { range: `bytes=${offset}-${offset + PART_BYTES - 1}` };
      const response = await fetch(url, { headers, signal });
      if (response.status === 206) {
        const total = Number(/\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1] ?? Number.NaN);
        const blob = await response.blob();
        // A server of another origin may not let the page see how long the file is: a short part is then its last.
        const seen = blob.size < PART_BYTES ? offset + blob.size : Number.POSITIVE_INFINITY;
        return { blob, totalBytes: Number.isNaN(total) ? seen : total };
      }
      // It gives no parts: the whole at once.
      if (response.status === 200 && offset === 0) {
        const blob = await response.blob();
        return { blob, totalBytes: blob.size };
      }
      // A file whose length was not told has ended exactly at a part's end.
      if (response.status === 416 && offset > 0) return { blob: new Blob(), totalBytes: offset };
      if (response.status < 500) throw unavailable(url, `the server answers ${response.status}`);
      throw new Error(`the server answers ${response.status}`);
    } catch (error) {
      if (signal.aborted) throw new ShoalError('aborted', 'Fetching the model was cancelled.', { cause: error });
      if (error instanceof ShoalError) throw error;
      if (tries === TRIES) throw unavailable(url, reasonOf(error), error);
      await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS * 2 ** (tries - 1)));
    }
  }
}

/** A page is not told why a server of another origin could not be asked. */
function reasonOf(error: unknown): string {
  if (error instanceof TypeError)
    return 'this browser got no answer: its server may be away, or not allow pages of other sites to read it (CORS)';
  return error instanceof Error ? error.message : String(error);
}

function unavailable(url: URL, reason: string, cause?: unknown): ShoalError {
  return new ShoalError('model-unavailable', `${url.href} could not be fetched: ${reason}.`, { cause });
}
