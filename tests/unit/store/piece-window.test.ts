import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FetchGate } from '../../../src/store/fetch-gate.ts';
import type { Pace } from '../../../src/store/shard-store.ts';
import { PieceWindow } from '../../../src/store/torrent/piece-window.ts';
import { FakeTorrent } from '../../support/fake-torrent.ts';

const MIB = 1024 * 1024;
const PIECES = 40;
const NONE: ReadonlySet<number> = new Set();
const settle = () => new Promise((resolve) => setTimeout(resolve));
const range = (start: number, end: number) => Array.from({ length: end - start }, (_, index) => start + index);
const ALL = range(0, PIECES);

let fake: FakeTorrent;
let served: boolean;
let gate: FetchGate;
let window: PieceWindow;
beforeEach(() => {
  fake = new FakeTorrent();
  served = false;
  gate = new FetchGate();
  window = new PieceWindow({
    torrent: fake.torrent,
    sizeBytes: PIECES * MIB,
    pieceLength: MIB,
    served: () => served,
    gate,
  });
});

describe('the pieces that other tabs are asked for', () => {
  it('are sixteen megabytes ahead of what is stored, in order where nobody else misses any', async () => {
    fake.connect('seed', ALL);
    window.want(PIECES, new Set([0, 3]), undefined);
    await settle();
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

  it('are the rarest first where others miss some too', async () => {
    fake.connect('one', range(0, 30));
    fake.connect('two', range(0, 28));
    window.want(PIECES, NONE, undefined);
    await settle();
    expect(fake.strategy).toBe('rarest');
    expect(new Set(fake.selected.slice(0, 10))).toEqual(new Set(range(30, 40)));
    expect(new Set(fake.selected.slice(10, 12))).toEqual(new Set([28, 29]));
    expect(fake.selected).toHaveLength(16);
  });

  it('come a few at a time when others go before, each time it is their turn', async () => {
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

  it('are none through a shut gate, and the same ones when it opens again', async () => {
    fake.connect('seed', ALL);
    window.want(PIECES, NONE, undefined);
    await settle();
    gate.open = false;
    await settle();
    expect(fake.selected).toEqual([]);
    // What was on its way comes, and brings nothing after it.
    window.stored(1);
    await settle();
    expect(fake.selected).toEqual([]);
    expect(window.open).toBe(PIECES - 1);
    gate.open = true;
    await settle();
    expect(fake.selected).toEqual([0, ...range(2, 17)]);
  });

  it('are those of the header through a shut gate: a prompt waits for them', async () => {
    gate.open = false;
    window.release(2);
    window.want(PIECES, NONE, undefined);
    await settle();
    expect(fake.selected).toEqual([0, 1]);
    served = true;
    fake.connect('seed', []).destroy();
    await settle();
    expect(await window.take(8)).toEqual({ start: 0, end: 2 });
    expect(await window.take(8)).toBeUndefined();
  });

  it('are none any more once it is closed', async () => {
    let go = () => {};
    window.want(PIECES, NONE, { next: () => new Promise<void>((resolve) => (go = resolve)) });
    window.close();
    go();
    await settle();
    expect(fake.selected).toEqual([]);
  });
});

describe('beside a server', () => {
  beforeEach(() => {
    served = true;
  });

  it('tabs are asked only while there are tabs that have some', async () => {
    window.want(PIECES, NONE, undefined);
    await settle();
    expect(fake.selected).toEqual([]);
    expect(await window.take(4)).toEqual({ start: 0, end: 4 });
    const tab = fake.connect('tab', range(0, 10));
    tab.emit('bitfield');
    await settle();
    expect(new Set(fake.selected)).toEqual(new Set(range(4, 10)));
    tab.destroy();
    await settle();
    expect(fake.selected).toEqual([]);
    expect(window.open).toBe(PIECES);
  });

  it('no piece is brought twice, and what the server did not bring is there for others', async () => {
    fake.connect('seed', ALL);
    window.want(20, NONE, undefined);
    await settle();
    expect(fake.selected).toEqual(range(0, 16));
    const run = (await window.take(4))!;
    expect(run).toEqual({ start: 16, end: 20 });
    window.stored(17);
    window.giveBack(run);
    window.stored(0);
    await settle();
    expect(fake.selected.slice(16)).toEqual([16]);
    expect(window.open).toBe(18);
  });

  it('the server is asked for what tabs are long about, when it has nothing else to bring', async () => {
    const now = vi.spyOn(performance, 'now');
    now.mockReturnValue(0);
    fake.connect('slow', ALL);
    window.want(3, NONE, undefined);
    await settle();
    expect(fake.selected).toEqual([0, 1, 2]);
    expect(await window.take(4)).toBeUndefined();
    now.mockReturnValue(6000);
    expect(await window.take(2)).toEqual({ start: 0, end: 2 });
    expect(await window.take(4)).toEqual({ start: 2, end: 3 });
    expect(await window.take(4)).toBeUndefined();
    for (const piece of [0, 1, 2]) window.stored(piece);
    expect(window.open).toBe(0);
    now.mockRestore();
  });

  it('the server too waits for its turn when others go before', async () => {
    let go = () => {};
    window.want(PIECES, NONE, { next: () => new Promise<void>((resolve) => (go = resolve)) });
    const taken = window.take(4);
    await settle();
    go();
    expect(await taken).toEqual({ start: 0, end: 2 });
  });
});
