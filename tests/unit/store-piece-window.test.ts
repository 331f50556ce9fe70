import { describe, expect, it } from 'vitest';
import { PieceWindow } from '../../src/store/piece-window.ts';
import type { Pace } from '../../src/store/shard-store.ts';
import { FakeTorrent } from '../support/fake-torrent.ts';

const MIB = 1024 * 1024;
const PIECES = 40;
const NONE: ReadonlySet<number> = new Set();
const settle = () => new Promise((resolve) => setTimeout(resolve));
const range = (start: number, end: number) => Array.from({ length: end - start }, (_, index) => start + index);

function open() {
  const fake = new FakeTorrent();
  const window = new PieceWindow({ torrent: fake.torrent, sizeBytes: PIECES * MIB, pieceLength: MIB });
  return { fake, window };
}

describe('the pieces that a torrent may ask for', () => {
  it('are sixteen megabytes ahead of what is stored, in order where nobody else misses any', async () => {
    const { fake, window } = open();
    fake.connect('seed').has = new Set(range(0, PIECES));
    window.want(PIECES, new Set([0, 3]), undefined);
    expect(fake.selected).toEqual([1, 2, ...range(4, 18)]);
    expect(fake.strategy).toBe('sequential');
    window.stored(2);
    await settle();
    expect(fake.selected.slice(16)).toEqual([18]);
    // What somebody else brought is not asked for again.
    window.stored(25);
    for (const piece of range(4, 18)) window.stored(piece);
    await settle();
    expect(fake.selected).not.toContain(25);
    expect(fake.selected).toContain(32);
  });

  it('are the rarest first where others miss some too', () => {
    const { fake, window } = open();
    fake.connect('one').has = new Set(range(0, 30));
    fake.connect('two').has = new Set(range(0, 28));
    window.want(PIECES, NONE, undefined);
    expect(fake.strategy).toBe('rarest');
    expect(new Set(fake.selected.slice(0, 10))).toEqual(new Set(range(30, 40)));
    expect(new Set(fake.selected.slice(10, 12))).toEqual(new Set([28, 29]));
    expect(fake.selected).toHaveLength(16);
  });

  it('come a few at a time when others go before, each time it is their turn', async () => {
    const { fake, window } = open();
    const asked: { bytes: number; go: () => void }[] = [];
    const pace: Pace = { next: (bytes) => new Promise((go) => asked.push({ bytes, go })) };
    window.want(PIECES, NONE, pace);
    await settle();
    expect(fake.selected).toEqual([]);
    expect(asked.map(({ bytes }) => bytes)).toEqual([2 * MIB]);
    asked[0]!.go();
    await settle();
    expect(fake.selected).toEqual([0, 1]);
    window.stored(0);
    await settle();
    expect(asked.map(({ bytes }) => bytes)).toEqual([2 * MIB, MIB]);
    expect(fake.selected).toEqual([0, 1]);
    // Somebody picks the shard: nothing is waited for any more.
    window.hurry();
    await settle();
    expect(fake.selected).toEqual(range(0, 17));
    // And the turn that comes late adds nothing beyond.
    asked[1]!.go();
    await settle();
    expect(fake.selected).toEqual(range(0, 17));
  });

  it('are none any more once it is closed', async () => {
    const { fake, window } = open();
    let go = () => {};
    window.want(PIECES, NONE, { next: () => new Promise<void>((resolve) => (go = resolve)) });
    window.close();
    go();
    await settle();
    expect(fake.selected).toEqual([]);
  });
});
