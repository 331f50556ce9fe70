import type { Torrent } from 'webtorrent';
import type { Unsubscribe } from '../../core/events.ts';
import type { FetchGate } from '../fetch-gate.ts';
import { HurriedPace } from '../hurried-pace.ts';
import { pieceCount } from '../metainfo/pieces.ts';
import type { Pace } from '../shard-store.ts';

/** Bytes asked of other tabs that are not stored yet: what a fast network brings in a round trip. */
const WINDOW_BYTES = 16 * 1024 * 1024;
/** Of a download that others go before: what still comes when it is told to stop. */
const PACED_BYTES = 2 * 1024 * 1024;
/** A piece that tabs have not brought after so long is asked of the server too, which has nothing else to bring. */
const OVERDUE_MS = 5000;

/** Consecutive pieces `[start, end)`. */
export interface PieceRun {
  readonly start: number;
  readonly end: number;
}

export interface PieceWindowOptions {
  readonly torrent: Torrent;
  readonly sizeBytes: number;
  readonly pieceLength: number;
  /** Whether a server gives pieces: tabs are then asked only as long as there are some. */
  readonly served: () => boolean;
  /** While it is shut nothing more is asked for, but what `release` has named. */
  readonly gate: FetchGate;
}

/**
 * Deals the missing pieces of a shard out: to the torrent, which asks other tabs for them, and to the server's copy. Both
 * get some at a time, so that what has come and is not stored yet stays bounded. In order as long as nobody else misses
 * pieces: they are then hashed as they come. Otherwise the rarest first, so that tabs that fetch the shard at the same
 * time have something for each other.
 */
export class PieceWindow {
  readonly #options: PieceWindowOptions;
  readonly #missing = new Set<number>();
  /** Asked of other tabs and not stored yet, with the time. */
  readonly #asked = new Map<number, number>();
  /** On their way from the server. */
  readonly #taken = new Set<number>();
  readonly #stop = new AbortController();
  readonly #pace = new HurriedPace();
  readonly #stopListening: Unsubscribe;
  #dealing = false;
  /** Pieces `[0, #released)` come also through a shut gate. */
  #released = 0;

  constructor(options: PieceWindowOptions) {
    this.#options = options;
    this.#stopListening = options.gate.onTurn(() => this.#turned());
    options.torrent.on('wire', (wire) => {
      for (const event of ['bitfield', 'have', 'have-all', 'close'] as const)
        wire.on(event, () => queueMicrotask(() => this.#peersChanged()));
    });
  }

  /** Pieces that are not stored yet, wherever they are to come from. */
  get open(): number {
    return new Set([...this.#missing, ...this.#asked.keys(), ...this.#taken]).size;
  }

  /** Fetches the first `pieces` pieces, those among `stored` excepted. @param pace - asked before every few bytes */
  want(pieces: number, stored: ReadonlySet<number>, pace: Pace | undefined): void {
    this.#pace.begin(pace);
    for (let piece = 0; piece < pieces; piece++)
      if (!stored.has(piece) && !this.#asked.has(piece) && !this.#taken.has(piece)) this.#missing.add(piece);
    void this.#deal();
  }

  /** Has the first `pieces` pieces come, whatever the gate says. */
  release(pieces: number): void {
    this.#released = Math.max(this.#released, pieces);
  }

  /** Goes on without a pace: somebody waits for the shard now. */
  hurry(): void {
    this.#pace.hurry();
    void this.#deal();
  }

  stored(piece: number): void {
    this.#missing.delete(piece);
    this.#taken.delete(piece);
    if (this.#asked.delete(piece)) void this.#deal();
  }

  /**
   * Pieces for the server to bring, when it is their turn; undefined when none is left for it now.
   * @param most - how many at most
   */
  async take(most: number): Promise<PieceRun | undefined> {
    this.#takeBack();
    const paced = this.#pace.current ? Math.min(most, this.#places(PACED_BYTES)) : most;
    if (this.#forServer().size === 0 || !(await this.#turn(paced))) return undefined;
    return this.#takeRun(this.#forServer(), paced);
  }

  /** Pieces that nobody has who is there; none of what nobody waits for. @param most - as of `take` */
  takeLacking(most: number): PieceRun | undefined {
    const lacking = new Set(this.#lacking());
    for (const piece of lacking) if (this.#asked.has(piece)) this.#unask(piece);
    return this.#takeRun(lacking, most);
  }

  /** How many `takeLacking` would give in all. */
  get lacking(): number {
    return this.#lacking().length;
  }

  /** They were not brought. */
  giveBack({ start, end }: PieceRun): void {
    for (let piece = start; piece < end; piece++)
      if (this.#taken.delete(piece) && !this.#asked.has(piece)) this.#missing.add(piece);
    void this.#deal();
  }

  close(): void {
    this.#stop.abort();
    this.#stopListening();
    this.#missing.clear();
  }

  #takeRun(pieces: ReadonlySet<number>, most: number): PieceRun | undefined {
    const [start] = this.#choose([...pieces], 1);
    if (start === undefined) return undefined;
    let end = start + 1;
    while (end < start + most && pieces.has(end)) end++;
    for (let piece = start; piece < end; piece++) {
      this.#missing.delete(piece);
      this.#taken.add(piece);
    }
    return { start, end };
  }

  #lacking(): number[] {
    const { torrent } = this.#options;
    if (!torrent.ready || torrent.destroyed || this.#pace.current) return [];
    const tabs = this.#tabs();
    const open = [...this.#missing, ...[...this.#asked.keys()].filter((piece) => !this.#taken.has(piece))];
    return this.#passing(open).filter((piece) => !tabs.some(({ peerPieces }) => peerPieces.get(piece)));
  }

  /** Asks other tabs for pieces, as long as there are such tabs, or nobody else to ask. */
  async #deal(): Promise<void> {
    if (this.#dealing) return;
    this.#dealing = true;
    try {
      while (this.#forTabs().length > 0 && this.#room() > 0) {
        if (!(await this.#turn(this.#room()))) return;
        this.#ask(this.#choose(this.#forTabs(), this.#room()));
      }
    } finally {
      this.#dealing = false;
    }
  }

  #room(): number {
    return this.#places(this.#pace.current ? PACED_BYTES : WINDOW_BYTES) - this.#asked.size;
  }

  #places(bytes: number): number {
    return pieceCount(bytes, this.#options.pieceLength);
  }

  /** Waits for a turn to fetch so many pieces. @returns false when the window is closed */
  async #turn(pieces: number): Promise<boolean> {
    const stop = this.#stop.signal;
    if (this.#pace.current) await this.#pace.next(pieces * this.#options.pieceLength, stop).catch(() => undefined);
    return !stop.aborted;
  }

  #ask(pieces: readonly number[]): void {
    const { torrent } = this.#options;
    for (const piece of pieces) {
      this.#missing.delete(piece);
      this.#asked.set(piece, performance.now());
      torrent.select(piece, piece);
    }
  }

  /** Missing ones; when none is, those that tabs are long about. */
  #forServer(): Set<number> {
    if (this.#missing.size > 0) return new Set(this.#allowed());
    const oldest = performance.now() - OVERDUE_MS;
    return new Set(
      [...this.#asked].filter(([piece, atMs]) => atMs < oldest && !this.#taken.has(piece)).map(([piece]) => piece),
    );
  }

  /** Missing ones that other tabs have; all where no server gives them: a tab that has them may come. */
  #forTabs(): number[] {
    const { torrent, served } = this.#options;
    if (!torrent.ready || torrent.destroyed) return [];
    const missing = this.#allowed();
    if (!served()) return missing;
    const tabs = this.#tabs();
    return missing.filter((piece) => tabs.some(({ peerPieces }) => peerPieces.get(piece)));
  }

  /** Missing ones that may be fetched now. */
  #allowed(): number[] {
    return this.#passing([...this.#missing]);
  }

  /** Those that may come as the gate stands. */
  #passing(pieces: number[]): number[] {
    return this.#options.gate.open ? pieces : pieces.filter((piece) => piece < this.#released);
  }

  /** Through a shut gate comes only what is on its way already. */
  #turned(): void {
    const { gate, torrent } = this.#options;
    if (!gate.open && !torrent.destroyed) {
      for (const piece of [...this.#asked.keys()].filter((asked) => asked >= this.#released)) this.#unask(piece);
    }
    void this.#deal();
  }

  #unask(piece: number): void {
    this.#options.torrent.deselect(piece, piece);
    this.#asked.delete(piece);
    if (!this.#taken.has(piece)) this.#missing.add(piece);
  }

  #peersChanged(): void {
    this.#takeBack();
    void this.#deal();
  }

  /** No tab is there any more: the server brings what they were asked for. */
  #takeBack(): void {
    const { torrent, served } = this.#options;
    if (!served() || this.#asked.size === 0 || torrent.destroyed || this.#tabs().length > 0) return;
    for (const piece of [...this.#asked.keys()]) this.#unask(piece);
  }

  #tabs(): Torrent['wires'] {
    return this.#options.torrent.wires.filter(({ destroyed }) => !destroyed);
  }

  #choose(pieces: number[], count: number): number[] {
    const { torrent } = this.#options;
    const leechers = this.#tabs().filter(({ peerPieces }) => this.#lacks(peerPieces));
    torrent.strategy = leechers.length > 0 ? 'rarest' : 'sequential';
    if (leechers.length === 0) return pieces.sort((a, b) => a - b).slice(0, count);
    const copies = (piece: number) => leechers.filter(({ peerPieces }) => peerPieces.get(piece)).length;
    return pieces
      .map((piece) => ({ piece, copies: copies(piece), at: Math.random() }))
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
