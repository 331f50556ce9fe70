import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Wire } from 'webtorrent';
import { SourceGuard } from '../../../src/store/torrent/source-guard.ts';
import { FakeTorrent } from '../../support/fake-torrent.ts';

let fake: FakeTorrent;
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
    new SourceGuard({ torrent: fake.torrent, banned, onBan });
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
