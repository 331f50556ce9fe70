import type { Torrent } from 'webtorrent';
import { abortable } from '../core/abortable.ts';
import { pieceCount } from './pieces.ts';
import type { Pace } from './shard-store.ts';

/**
 * Bytes asked for that are not stored yet. Enough for what a fast network brings in a round trip; what a slow disk leaves
 * waiting stays below it.
 */
const WINDOW_BYTES = 16 * 1024 * 1024;
/** Of a download that others go before: what still comes when it is told to stop. */
const PACED_BYTES = 2 * 1024 * 1024;

export interface PieceWindowOptions {
  readonly torrent: Torrent;
  readonly sizeBytes: number;
  readonly pieceLength: number;
}

/**
 * Asks a torrent for some pieces at a time, so that what has come and is not stored yet stays bounded. In order as long
 * as nobody else misses pieces of the shard: they are then hashed as they come. Otherwise the rarest first, so that those
 * who fetch it at the same time have something for each other.
 */
export class PieceWindow {
  readonly #options: PieceWindowOptions;
  readonly #missing = new Set<number>();
  /** Asked for, not stored yet. */
  readonly #open = new Set<number>();
  #pace: Pace | undefined;
  /** Ends the wait for a turn. */
  #turn: AbortController | undefined;
  readonly #stop = new AbortController();

  constructor(options: PieceWindowOptions) {
    this.#options = options;
  }

  /** Fetches the first `pieces` pieces, those among `stored` excepted. @param pace - asked before every few bytes */
  want(pieces: number, stored: ReadonlySet<number>, pace: Pace | undefined): void {
    this.#pace = pace;
    for (let piece = 0; piece < pieces; piece++)
      if (!stored.has(piece) && !this.#open.has(piece)) this.#missing.add(piece);
    void this.#fill();
  }

  /** Goes on without a pace: somebody waits for the shard now. */
  hurry(): void {
    this.#pace = undefined;
    this.#turn?.abort();
    this.#turn = undefined;
    void this.#fill();
  }

  stored(piece: number): void {
    this.#missing.delete(piece);
    if (this.#open.delete(piece)) void this.#fill();
  }

  close(): void {
    this.#stop.abort();
    this.#missing.clear();
  }

  async #fill(): Promise<void> {
    const { torrent, pieceLength } = this.#options;
    const room = () => this.#places - this.#open.size;
    while (!this.#turn && torrent.ready && !torrent.destroyed && this.#missing.size > 0 && room() > 0) {
      if (this.#pace && !(await this.#mayGoOn(this.#pace, room() * pieceLength))) return;
      this.#select(this.#choose(room()));
    }
  }

  get #places(): number {
    return pieceCount(this.#pace ? PACED_BYTES : WINDOW_BYTES, this.#options.pieceLength);
  }

  /** Waits for its turn. @returns false when it is not to go on */
  async #mayGoOn(pace: Pace, bytes: number): Promise<boolean> {
    const turn = new AbortController();
    this.#turn = turn;
    const signal = AbortSignal.any([turn.signal, this.#stop.signal]);
    try {
      await abortable(pace.next(bytes, signal), signal);
      return true;
    } catch {
      return false;
    } finally {
      if (this.#turn === turn) this.#turn = undefined;
    }
  }

  #select(pieces: readonly number[]): void {
    for (const piece of pieces) {
      this.#missing.delete(piece);
      this.#open.add(piece);
      this.#options.torrent.select(piece, piece);
    }
  }

  #choose(count: number): number[] {
    const { torrent } = this.#options;
    const leechers = torrent.wires.filter(({ type, peerPieces }) => type === 'webrtc' && this.#lacks(peerPieces));
    torrent.strategy = leechers.length > 0 ? 'rarest' : 'sequential';
    const missing = [...this.#missing];
    if (leechers.length === 0) return missing.sort((a, b) => a - b).slice(0, count);
    return missing
      .map((piece) => ({
        piece,
        copies: leechers.filter(({ peerPieces }) => peerPieces.get(piece)).length,
        at: Math.random(),
      }))
      .sort((a, b) => a.copies - b.copies || a.at - b.at)
      .slice(0, count)
      .map(({ piece }) => piece);
  }

  #lacks(pieces: { get(piece: number): boolean }): boolean {
    const count = pieceCount(this.#options.sizeBytes, this.#options.pieceLength);
    for (let piece = 0; piece < count; piece++) if (!pieces.get(piece)) return true;
    return false;
  }
}
