import { EventEmitter } from 'node:events';
import type { Torrent } from 'webtorrent';

/** A connection whose far end is the test. */
export class FakeWire extends EventEmitter {
  readonly peerId: string;
  readonly extendedHandshake: { reqq?: number } = {};
  readonly peerRequests: unknown[] = [];
  destroyed = false;
  timeoutMs = 30_000;
  /** Pieces that the other end has. */
  has = new Set<number>();
  readonly peerPieces = { get: (piece: number) => this.has.has(piece) };
  readonly parsed: number[] = [];

  constructor(peerId: string) {
    super();
    this.peerId = peerId;
  }

  setTimeout(ms: number): void {
    this.timeoutMs = ms;
  }

  _parse(size: number): void {
    this.parsed.push(size);
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

/** Of a torrent what watches its sources; the test is its peers. */
export class FakeTorrent extends EventEmitter {
  ready = true;
  done = false;
  destroyed = false;
  paused = false;
  pieces = [null, null, null];
  wires: FakeWire[] = [];
  removed: string[] = [];
  /** Pieces asked for, in order. */
  selected: number[] = [];
  strategy = 'rarest';
  discovery: unknown = null;

  /** For those who take it for a real one. */
  get torrent(): Torrent {
    return this as unknown as Torrent;
  }

  get numPeers(): number {
    return this.wires.length;
  }

  /** @param has - pieces that the other end has */
  connect(peerId: string, has: Iterable<number> = []): FakeWire {
    const wire = new FakeWire(peerId);
    wire.has = new Set(has);
    this.wires.push(wire);
    wire.on('close', () => this.wires.splice(this.wires.indexOf(wire), 1));
    this.emit('wire', wire);
    return wire;
  }

  removePeer(id: string): void {
    this.removed.push(id);
    this.wires.find(({ peerId }) => peerId === id)?.destroy();
  }

  select(first: number, last: number): void {
    for (let piece = first; piece <= last; piece++) this.selected.push(piece);
  }

  deselect(first: number, last: number): void {
    this.selected = this.selected.filter((piece) => piece < first || piece > last);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }
}
