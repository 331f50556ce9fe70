import { isPrivateHost } from '../../protocol/model-source.ts';
import { HubError } from './hub-trouble.ts';

/** Requests of this tab to hubs at once, whatever it fetches: a hub serves many people. */
const MAX_REQUESTS = 2;
/** A hub that sends nothing for so long is given up for now. */
const SILENCE_MS = 20_000;

/** Bytes `[start, end)` of a file of the web. */
export interface HubRange {
  readonly url: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Asks for parts of files at addresses that `checkSource` has passed. The hub is told nothing but the range: no
 * cookies, no referrer.
 */
export class HubRequests {
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /**
   * Fetches one range.
   * @throws HubError; DOMException `AbortError` when the signal fires
   */
  async fetch(range: HubRange, signal: AbortSignal): Promise<Uint8Array> {
    if (this.#running >= MAX_REQUESTS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      signal.throwIfAborted();
      return await fetchRange(range, signal);
    } finally {
      const next = this.#waiting.shift();
      // Its place goes on to the next.
      if (next) next();
      else this.#running--;
    }
  }
}

async function fetchRange({ url, start, end }: HubRange, signal: AbortSignal): Promise<Uint8Array> {
  const silence = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENCE_MS);
  };
  heard();
  try {
    const response = await fetch(url, {
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      headers: { range: `bytes=${start}-${end - 1}` },
      signal: AbortSignal.any([signal, silence.signal]),
    });
    try {
      checkAnswer(response, url, start);
      return await readBody(response, end - start, heard);
    } finally {
      // What is left of a body that nobody reads would come all the same.
      if (!response.bodyUsed) await response.body?.cancel().catch(() => undefined);
    }
  } catch (cause) {
    if (cause instanceof HubError || signal.aborted) throw cause;
    const what = silence.signal.aborted ? `sends nothing for ${SILENCE_MS / 1000} s` : 'gives no answer';
    throw new HubError('silent', what, undefined, { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** @throws HubError */
function checkAnswer(response: Response, asked: string, start: number): void {
  const { status, headers } = response;
  // Empty where the answer did not come from the network, as in tests.
  if (response.url !== '' && !mayLead(asked, response.url)) {
    throw new HubError('missing', 'leads to an address that is not public https');
  }
  if (status === 206) {
    const given = headers.get('content-range');
    // Servers of other sites need not let a page see it; the pieces' hashes tell the rest.
    if (given === null || given.startsWith(`bytes ${start}-`)) return;
    throw new HubError('no-ranges', `gives another range than was asked for (${given})`);
  }
  if (status === 200) throw new HubError('no-ranges', 'gives no parts of a file');
  if (status === 416) throw new HubError('other-file', 'has a shorter file there (HTTP status 416)');
  if (status === 429 || status >= 500) {
    throw new HubError('busy', `asks to wait (HTTP status ${status})`, retryAfterMs(headers.get('retry-after')));
  }
  throw new HubError('missing', `does not give the file (HTTP status ${status})`);
}

/** Hubs lead on to where they store files. A stranger's must not lead into somebody's network. */
function mayLead(asked: string, to: string): boolean {
  const { protocol, hostname } = new URL(to);
  return protocol === 'https:' && (!isPrivateHost(hostname) || isPrivateHost(new URL(asked).hostname));
}

/** In seconds; dates, which nobody's rate limit sends, count as nothing said. */
function retryAfterMs(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}

/** @throws HubError unless exactly so many bytes come */
async function readBody({ body }: Response, length: number, heard: () => void): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  const reader = body?.getReader();
  while (reader) {
    const { done: ended, value } = await reader.read();
    if (ended) break;
    heard();
    if (done + value.length > length) {
      await reader.cancel().catch(() => undefined);
      throw new HubError('no-ranges', 'sends more than was asked for');
    }
    bytes.set(value, done);
    done += value.length;
  }
  if (done === length) return bytes;
  throw new HubError('silent', `breaks off after ${done} of ${length} bytes`);
}
