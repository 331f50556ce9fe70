import { EventEmitter } from 'node:events';
import type { Torrent } from 'webtorrent';

/** Where the web seed is. */
export const SEED = 'https://example/shard-0.gguf';

/** A connection whose far end is the test. */
export class FakeWire extends EventEmitter {
  readonly type: string;
  readonly peerId: string;
  readonly extendedHandshake: { reqq?: number } = {};
  readonly lt_donthave = new EventEmitter();
  readonly peerRequests: unknown[] = [];
  destroyed = false;
  timeoutMs = 30_000;
  /** Pieces that the other end has. */
  has = new Set<number>();
  readonly peerPieces = { get: (piece: number) => this.has.has(piece) };
  readonly parsed: number[] = [];

  constructor(peerId: string, type = 'webrtc') {
    super();
    this.peerId = peerId;
    this.type = type;
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
  seeds = 0;
  discovery: unknown = null;

  /** For those who take it for a real one. */
  get torrent(): Torrent {
    return this as unknown as Torrent;
  }

  get numPeers(): number {
    return this.wires.length;
  }

  connect(peerId: string, type?: string): FakeWire {
    const wire = new FakeWire(peerId, type);
    this.wires.push(wire);
    wire.on('close', () => this.wires.splice(this.wires.indexOf(wire), 1));
    this.emit('wire', wire);
    return wire;
  }

  addWebSeed(): void {
    this.seeds++;
    this.connect('hash of the address', 'webSeed');
  }

  removePeer(id: string): void {
    this.removed.push(id);
    this.wires.find(({ peerId, type }) => peerId === id || (type === 'webSeed' && id === SEED))?.destroy();
  }

  select(first: number, last: number): void {
    for (let piece = first; piece <= last; piece++) this.selected.push(piece);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }
}
