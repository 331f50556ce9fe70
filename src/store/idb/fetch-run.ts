import { toHex } from '../../core/bytes.ts';
import { ShoalError } from '../../core/errors.ts';
import { cutPieces, type Piece } from './chunk-database.ts';

/** A request that brings nothing for so long has failed. */
const TIMEOUT_MS = 60_000;

export interface ByteRange {
  readonly url: string;
  /** The `Authorization` header, where the server asks for one. */
  readonly authorization?: string | undefined;
  /** Bytes `[start, end)` of the file. */
  readonly start: number;
  readonly end: number;
}

/**
 * Fetches a range of a file on a web server.
 * @throws ShoalError `model-unavailable` when the server does not give it, `aborted`
 */
export async function fetchRange(
  { url, authorization, start, end }: ByteRange,
  signal: AbortSignal,
): Promise<Uint8Array> {
  try {
    const response = await fetch(url, {
      cache: 'no-store',
      headers: { range: `bytes=${start}-${end - 1}`, ...(authorization ? { authorization } : {}) },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    if (!response.ok) throw new ShoalError('model-unavailable', `${url} answers ${response.status}.`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (bytes.length === end - start) return bytes;
    throw new ShoalError('model-unavailable', `${url} gives ${bytes.length} bytes, expected ${end - start}.`);
  } catch (cause) {
    if (cause instanceof ShoalError) throw cause;
    if (signal.aborted) throw new ShoalError('aborted', 'The download was cancelled.', { cause });
    throw new ShoalError('model-unavailable', `${url} gives nothing.`, { cause });
  }
}

/**
 * Cuts bytes into pieces, and tells those whose SHA-1 is right from the others.
 * @param first - the number of the first piece
 * @param sha1 - of each piece, hexadecimal
 */
export async function checkPieces(
  bytes: Uint8Array,
  pieceLength: number,
  first: number,
  sha1: readonly string[],
): Promise<{ right: Piece[]; wrong: number[] }> {
  const right: Piece[] = [];
  const wrong: number[] = [];
  for (const piece of cutPieces(bytes, pieceLength, first)) {
    const { index } = piece;
    // The cast is of the type alone: what is fetched is never shared.
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-1', piece.bytes as Uint8Array<ArrayBuffer>));
    if (toHex(digest) === sha1[index - first]) right.push(piece);
    else wrong.push(index);
  }
  return { right, wrong };
}
