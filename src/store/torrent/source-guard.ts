import type { Torrent, Wire } from 'webtorrent';

/**
 * Wrong pieces that one source delivered alone before it is dropped for good. It proves a source wrong, but a proxy
 * between may have spoilt one.
 */
const MAX_WRONG_PIECES = 2;
/** Wrong pieces that a source had a part in, less the right ones, before the most suspected is disconnected. */
const MAX_SUSPICION = 4;
/**
 * Longest message of a peer, bytes: a block is at most 128 KiB, and the bitfield of a million pieces as long. The wire
 * parser itself would buffer up to 4 GiB.
 */
const MAX_MESSAGE_BYTES = 1024 * 1024;
/** Requests a peer may have open here: 4 MiB on their way, more than a second of what a tab can send. */
const MAX_OPEN_REQUESTS = 256;

/**
 * Watches which sources a torrent's pieces come from, and drops those whose pieces fail their SHA-1: webtorrent itself
 * asks the same source again, forever.
 */
export class SourceGuard {
  readonly #torrent: Torrent;
  /** Called once for each source dropped for good. */
  readonly #onBan: (source: string) => void;
  readonly #banned: Set<string>;
  /** Sources of each piece under way. */
  readonly #sources = new Map<number, Set<string>>();
  readonly #wrong = new Map<string, number>();
  readonly #suspicion = new Map<string, number>();

  constructor(options: {
    readonly torrent: Torrent;
    /** Sources that are already dropped; grows. */
    readonly banned: Set<string>;
    readonly onBan: (source: string) => void;
  }) {
    this.#torrent = options.torrent;
    this.#banned = options.banned;
    this.#onBan = options.onBan;
    this.#torrent.on('wire', (wire) => this.#watch(wire));
    this.#torrent.on('verified', (piece) => this.#clear(piece));
    this.#torrent.on('warning', (warning) => {
      const piece = /^Piece (\d+) failed verification$/.exec(typeof warning === 'string' ? warning : warning.message);
      if (piece) this.#blame(Number(piece[1]));
    });
  }

  /** Sources that had a part in pieces that came out right. */
  readonly contributors = new Set<string>();

  #watch(wire: Wire): void {
    const source = wire.peerId;
    if (this.#banned.has(source)) {
      wire.destroy();
      return;
    }
    wire.on('piece', (piece) => {
      const sources = this.#sources.get(piece);
      if (sources) sources.add(source);
      else this.#sources.set(piece, new Set([source]));
    });
    wire.extendedHandshake.reqq = MAX_OPEN_REQUESTS;
    wire.on('request', () => {
      // webtorrent's peers honour `reqq`, give or take what was on its way.
      if (wire.peerRequests.length > 2 * MAX_OPEN_REQUESTS) wire.destroy();
    });
    capMessages(wire);
  }

  /** A piece came out right. */
  #clear(piece: number): void {
    for (const source of this.#take(piece)) {
      this.contributors.add(source);
      this.#count(this.#suspicion, source, -1);
    }
  }

  /** A piece came out wrong. */
  #blame(piece: number): void {
    const sources = this.#take(piece);
    const [only] = sources;
    if (only === undefined) return;
    if (sources.length === 1) {
      if (this.#count(this.#wrong, only, 1) >= MAX_WRONG_PIECES) this.#ban(only);
      return;
    }
    // Blocks of one piece came from several: the most suspected goes, and may come back and be caught alone.
    for (const source of sources) this.#count(this.#suspicion, source, 1);
    const [worst, suspicion] = [...this.#suspicion].sort(([, one], [, other]) => other - one)[0]!;
    if (suspicion < MAX_SUSPICION) return;
    this.#suspicion.clear();
    this.#torrent.removePeer(worst);
  }

  #ban(source: string): void {
    this.#banned.add(source);
    this.#torrent.removePeer(source);
    this.#onBan(source);
  }

  #take(piece: number): string[] {
    const sources = [...(this.#sources.get(piece) ?? [])];
    this.#sources.delete(piece);
    return sources;
  }

  #count(counts: Map<string, number>, source: string, step: number): number {
    const count = Math.max(0, (counts.get(source) ?? 0) + step);
    counts.set(source, count);
    return count;
  }
}

function capMessages(wire: Wire): void {
  const parse = wire._parse.bind(wire);
  wire._parse = (size, parser) => {
    if (size <= MAX_MESSAGE_BYTES || wire.destroyed) return parse(size, parser);
    wire.destroy();
    // What follows in the buffer is the middle of a message: never to be parsed.
    parse(Number.MAX_VALUE, () => undefined);
  };
}
