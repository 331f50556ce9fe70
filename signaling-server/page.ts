import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join, resolve, sep } from 'node:path';
import { accepts, ENCODINGS } from './content-encoding.ts';
import { sendFile } from './file-response.ts';

/** What makes a page cross-origin isolated (shared memory), and keeps its files from being read elsewhere. */
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'credentialless',
  'Cross-Origin-Resource-Policy': 'same-origin',
};
/** The page says what it may load; a header says it to its workers too, and that nobody may frame it. */
const POLICY = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/;
const UNFRAMED = "frame-ancestors 'none'";
/** Vite names what it builds by content: the same name never holds other bytes. */
const HASHED = 'public, max-age=31536000, immutable';

/** The built page: a folder of static files, with its index at `/`. */
export class Page {
  readonly #root: string;
  readonly #policy: Promise<string>;

  constructor(directory: string) {
    this.#root = resolve(directory);
    this.#policy = readFile(join(this.#root, 'index.html'), 'utf8').then(
      (html) => [POLICY.exec(html)?.[1], UNFRAMED].filter(Boolean).join('; '),
      () => UNFRAMED,
    );
  }

  /** @returns bytes of files sent; undefined when there is no such file, and nothing is sent then */
  async handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<number | undefined> {
    const file = this.#locate(path);
    if (file === undefined) return undefined;
    const cacheControl = path.startsWith('/assets/') ? HASHED : 'no-cache';
    const headers = {
      ...ISOLATION,
      'Content-Security-Policy': await this.#policy,
      'Cache-Control': cacheControl,
      Vary: 'Accept-Encoding',
    };
    // A range is of the file itself: parts of different encodings would not fit together.
    const accepted = request.headers.range === undefined ? request.headers['accept-encoding'] : undefined;
    for (const [encoding, suffix] of ENCODINGS) {
      if (!accepts(accepted, encoding)) continue;
      const sent = await sendFile(request, response, file + suffix, { headers, encoded: { encoding, name: file } });
      if (sent !== undefined) return sent;
    }
    return sendFile(request, response, file, { headers });
  }

  #locate(path: string): string | undefined {
    const decoded = decode(path);
    // Hidden files are nobody's business, and `..` is the first of them.
    if (decoded === undefined || decoded.split(/[/\\]/).some((part) => part.startsWith('.'))) return undefined;
    const file = join(this.#root, decoded === '/' ? 'index.html' : decoded);
    return file.startsWith(this.#root + sep) ? file : undefined;
  }
}

function decode(path: string): string | undefined {
  try {
    const decoded = decodeURIComponent(path);
    return decoded.includes('\0') ? undefined : decoded;
  } catch {
    return undefined;
  }
}
