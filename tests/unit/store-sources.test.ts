import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Torrent, Wire } from 'webtorrent';
import { limitPeers, wantedPeers } from '../../src/store/peer-limit.ts';
import { PeerRecovery } from '../../src/store/peer-recovery.ts';
import { SourceGuard } from '../../src/store/source-guard.ts';
import { announceNow, silenceTrackers } from '../../src/store/tracker-link.ts';
import { WebSeed } from '../../src/store/web-seed.ts';

const SEED = 'https://example/shard-0.gguf';

class FakeWire extends EventEmitter {
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

class FakeTorrent extends EventEmitter {
  ready = true;
  done = false;
  destroyed = false;
  paused = false;
  pieces = [null, null, null];
  wires: FakeWire[] = [];
  removed: string[] = [];
  seeds = 0;
  discovery: unknown = null;

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

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }
}

let fake: FakeTorrent;
const torrent = () => fake as unknown as Torrent;

beforeEach(() => {
  fake = new FakeTorrent();
});

describe('the source guard', () => {
  let banned: Set<string>;
  const onBan = vi.fn();
  const fail = (piece: number) => fake.emit('warning', new Error(`Piece ${piece} failed verification`));

  beforeEach(() => {
    onBan.mockClear();
    banned = new Set();
    new SourceGuard({ torrent: torrent(), webSeedUrl: SEED, banned, onBan });
  });

  it('drops a peer that delivered two wrong pieces alone, and does not take it back', () => {
    const wire = fake.connect('bad');
    const other = fake.connect('good');
    for (const piece of [1, 2]) {
      other.emit('piece', 0, 0, new Uint8Array(1));
      fake.emit('verified', 0);
      expect(wire.destroyed).toBe(false);
      wire.emit('piece', piece, 0, new Uint8Array(1));
      fail(piece);
    }
    expect(fake.removed).toEqual(['bad']);
    expect(onBan).toHaveBeenCalledExactlyOnceWith('bad');
    expect(fake.connect('bad').destroyed).toBe(true);
    expect(fake.connect('good').destroyed).toBe(false);
  });

  it('knows a web seed by its address', () => {
    const wire = fake.connect('hash of the address', 'webSeed');
    for (const piece of [1, 1]) {
      wire.emit('piece', piece, 0, new Uint8Array(1));
      fail(piece);
    }
    expect(fake.removed).toEqual([SEED]);
    expect(banned).toEqual(new Set([SEED]));
  });

  it('forgives right pieces, and disconnects whoever had a part in most wrong ones', () => {
    const bad = fake.connect('bad');
    const honest = ['one', 'two', 'three'].map((id) => fake.connect(id));
    for (let piece = 0; piece < 4; piece++) {
      const helper = honest[piece % 3]!;
      for (const wire of [bad, helper]) wire.emit('piece', piece, 0, new Uint8Array(1));
      fail(piece);
      helper.emit('piece', 100 + piece, 0, new Uint8Array(1));
      fake.emit('verified', 100 + piece);
    }
    expect(fake.removed).toEqual(['bad']);
    // A suspect, not proven.
    expect(banned.size).toBe(0);
  });

  it('takes other warnings for what they are', () => {
    fake.connect('peer').emit('piece', 1, 0, new Uint8Array(1));
    fake.emit('warning', new Error('Connection error: Piece 1 failed verification of something'));
    fake.emit('warning', 'tracker is away');
    fail(9);
    expect(fake.removed).toEqual([]);
  });

  it('ends a connection that announces a message of over a megabyte', () => {
    const wire = fake.connect('peer');
    (wire as unknown as Wire)._parse(1024 * 1024, () => undefined);
    expect(wire.destroyed).toBe(false);
    (wire as unknown as Wire)._parse(1024 * 1024 + 1, () => undefined);
    expect(wire.destroyed).toBe(true);
    expect(wire.parsed).toEqual([1024 * 1024, Number.MAX_VALUE]);
  });

  it('ends a connection that floods with requests', () => {
    const wire = fake.connect('peer');
    const most = 2 * wire.extendedHandshake.reqq!;
    for (let count = 1; count <= most + 1; count++) {
      expect(wire.destroyed).toBe(false);
      wire.peerRequests.push({});
      wire.emit('request');
    }
    expect(wire.destroyed).toBe(true);
  });
});

describe('the web seed', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  async function ready(banned = new Set<string>()): Promise<WebSeed> {
    const seed = new WebSeed(torrent(), SEED, banned);
    fake.emit('ready');
    await Promise.resolve();
    return seed;
  }

  it('is let alone after four failures in a row, and asked again half a minute later', async () => {
    await ready();
    const [wire] = fake.wires;
    for (const failed of [true, true, true, false, true, true, true]) {
      if (failed) wire!.lt_donthave.emit('donthave', 0);
      else wire!.emit('piece', 0, 0, new Uint8Array(1));
    }
    expect(fake.removed).toEqual([]);
    wire!.lt_donthave.emit('donthave', 0);
    expect(fake.removed).toEqual([SEED]);
    vi.advanceTimersByTime(29_000);
    expect(fake.seeds).toBe(1);
    vi.advanceTimersByTime(2000);
    expect(fake.seeds).toBe(2);
  });

  it('is asked at once when somebody says that the server is back, and once only', async () => {
    const seed = await ready();
    fake.wires[0]!.destroy();
    seed.connect();
    seed.connect();
    vi.advanceTimersByTime(60_000);
    expect(fake.seeds).toBe(2);
  });

  it('is not asked when nothing is missing, when it is banned, or after the end', async () => {
    await ready(new Set([SEED]));
    expect(fake.seeds).toBe(0);
    const seed = await ready();
    expect(fake.seeds).toBe(1);
    fake.wires[0]!.destroy();
    seed.close();
    vi.advanceTimersByTime(60_000);
    expect(fake.seeds).toBe(1);
    fake.done = true;
    seed.connect();
    expect(fake.seeds).toBe(1);
  });
});

describe('the peer limit', () => {
  it('takes no more than twelve peers, and others when one is gone', async () => {
    limitPeers(torrent());
    for (let peer = 0; peer < 12; peer++) {
      expect(fake.paused).toBe(false);
      fake.connect(`peer ${peer}`);
    }
    expect(fake.paused).toBe(true);
    expect(wantedPeers(torrent())).toBe(0);
    fake.wires[3]!.destroy();
    await Promise.resolve();
    expect(fake.paused).toBe(false);
    expect(wantedPeers(torrent())).toBe(5);
  });

  it('parts with complete peers when there is nothing left to exchange', () => {
    limitPeers(torrent());
    const [complete, partial] = [fake.connect('complete'), fake.connect('partial')];
    complete.has = new Set([0, 1, 2]);
    complete.emit('bitfield');
    partial.has = new Set([0, 1]);
    expect(complete.destroyed).toBe(false);
    fake.done = true;
    fake.emit('done');
    expect([complete.destroyed, partial.destroyed]).toEqual([true, false]);
    expect(wantedPeers(torrent())).toBe(2);
    partial.emit('have', 0);
    expect(partial.destroyed).toBe(false);
    partial.has.add(2);
    partial.emit('have', 2);
    expect(partial.destroyed).toBe(true);
  });
});

describe('peer recovery', () => {
  const update = vi.fn();
  let recovery: PeerRecovery;

  beforeEach(() => {
    vi.useFakeTimers();
    update.mockClear();
    fake.discovery = { tracker: { _trackers: [], update } };
    recovery = new PeerRecovery(torrent());
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('has no patience with silent peers, and leaves web seeds their own', () => {
    expect(fake.connect('peer').timeoutMs).toBe(8000);
    expect(fake.connect('seed', 'webSeed').timeoutMs).toBe(30_000);
  });

  it('looks for others when the last peer is gone, once', () => {
    const [one, other] = [fake.connect('one'), fake.connect('other')];
    fake.connect('seed', 'webSeed');
    one.destroy();
    vi.advanceTimersByTime(5000);
    expect(update).not.toHaveBeenCalled();
    other.destroy();
    vi.advanceTimersByTime(60_000);
    expect(update).toHaveBeenCalledOnce();
  });

  it('lets it be when nothing is missing, when somebody came, and after the end', () => {
    for (const change of [
      () => fake.connect('another'),
      () => Object.assign(fake, { done: true }),
      () => recovery.close(),
    ]) {
      fake.done = false;
      fake.wires = [];
      fake.connect('peer').destroy();
      change();
      vi.advanceTimersByTime(60_000);
    }
    expect(update).not.toHaveBeenCalled();
  });
});

describe('the tracker link', () => {
  const trackerOf = (reconnecting: boolean, reconnectTimer: ReturnType<typeof setTimeout> | null = null) => ({
    _trackers: [{ reconnecting, reconnectTimer }],
    update: vi.fn(),
    destroy: vi.fn(),
  });

  it('announces on a connected tracker client', () => {
    const tracker = trackerOf(false);
    fake.discovery = { tracker, _createTracker: vi.fn() };
    announceNow(torrent());
    expect(tracker.update).toHaveBeenCalledOnce();
    expect(tracker.destroy).not.toHaveBeenCalled();
  });

  it('replaces a tracker client that waits to reconnect, whose timer must not live on', async () => {
    const reconnect = vi.fn();
    const tracker = trackerOf(
      true,
      setTimeout(() => reconnect(), 1),
    );
    const fresh = trackerOf(false);
    const discovery = { tracker, _createTracker: () => fresh };
    fake.discovery = discovery;
    announceNow(torrent());
    expect(tracker.destroy).toHaveBeenCalledOnce();
    expect(discovery.tracker).toBe(fresh);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(reconnect).not.toHaveBeenCalled();
  });

  it('silences a tracker client before its end', async () => {
    const reconnect = vi.fn();
    fake.discovery = {
      tracker: trackerOf(
        true,
        setTimeout(() => reconnect(), 1),
      ),
    };
    silenceTrackers(torrent());
    fake.discovery = null;
    silenceTrackers(torrent());
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(reconnect).not.toHaveBeenCalled();
  });
});
