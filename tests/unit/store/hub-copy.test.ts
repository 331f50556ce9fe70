import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ManifestShard } from '../../../src/protocol/manifest.ts';
import { LAYER_SPLIT } from '../../../src/protocol/model-source.ts';
import { FetchGate } from '../../../src/store/fetch-gate.ts';
import type { HubRefusal, HubRun } from '../../../src/store/hub/hub-thread.ts';
import type { HubTrouble } from '../../../src/store/hub/hub-trouble.ts';
import type { FetchedRun } from '../../../src/store/idb/store-thread.ts';
import { HubCopy, type HubRecord } from '../../../src/store/torrent/hub-copy.ts';
import { PieceWindow } from '../../../src/store/torrent/piece-window.ts';
import { FakeTorrent } from '../../support/fake-torrent.ts';

const PIECE_BYTES = 1024 * 1024;
const PIECES = 12;
const SIZE = PIECES * PIECE_BYTES;
const range = (start: number, end: number) => Array.from({ length: end - start }, (_, index) => start + index);
const SOURCE = { split: LAYER_SPLIT, files: [{ url: 'https://hub.example/model.gguf', sizeBytes: 4 * SIZE }] };

let fake: FakeTorrent;
let window: PieceWindow;
let copy: HubCopy;
let record: HubRecord;
let allowed: boolean;
let lonely: boolean;
let serverGives: boolean;
/** Pieces that the hub was asked for. */
let asked: number[];
let give: (run: HubRun, signal: AbortSignal) => Promise<FetchedRun | HubRefusal>;

const piecesOf = ({ first, count }: HubRun) => range(first, first + count);
const all = async (run: HubRun) => ({ bytes: run.count * PIECE_BYTES, stored: piecesOf(run), wrong: [] });
const refusing = (trouble: HubTrouble, retryAfterMs?: number) => async () => ({ trouble, detail: 'x', retryAfterMs });

function open(): HubCopy {
  return new HubCopy({
    hub: { source: SOURCE, layerCount: 4, shards: [], allowed: () => allowed },
    ...{
      record,
      shard: { sizeBytes: SIZE, fileName: 'shard-0.gguf' } as ManifestShard,
      pieceLength: PIECE_BYTES,
      window,
    },
    thread: {
      fetchFromHub: (run, signal) => {
        asked.push(...piecesOf(run));
        return give(run, signal);
      },
    },
    ready: () => true,
    sha1Of: ({ start, end }) => range(start, end).map((index) => `hash ${index}`),
    serverGives: () => serverGives,
    nobodyKnown: () => lonely,
    onFetched: ({ stored }) => {
      for (const piece of stored) window.stored(piece);
    },
    onError: () => undefined,
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  fake = new FakeTorrent();
  record = { askedBytes: 0, refusal: undefined };
  asked = [];
  [allowed, lonely, serverGives, give] = [true, false, false, all];
  window = new PieceWindow({
    ...{ torrent: fake.torrent, sizeBytes: SIZE, pieceLength: PIECE_BYTES, gate: new FetchGate() },
    served: () => copy.active,
  });
  copy = open();
});
afterEach(() => {
  copy.close();
  window.close();
  vi.useRealTimers();
});

const begin = () => {
  window.want(PIECES, new Set(), undefined);
  copy.wake();
};
const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);

describe('a hub as the last resort', () => {
  it('is asked when nobody has had the pieces for ten seconds, for each once', async () => {
    begin();
    await pass(9);
    expect(asked).toEqual([]);
    await pass(2);
    expect(asked.toSorted((a, b) => a - b)).toEqual(range(0, PIECES));
    expect(window.open).toBe(0);
    await pass(2);
    expect(copy.view).toEqual({ host: 'hub.example', state: 'idle', trouble: undefined });
  });

  it('is asked after five where the tracker knows nobody', async () => {
    lonely = true;
    begin();
    await pass(4);
    expect(asked).toEqual([]);
    await pass(2);
    expect(window.open).toBe(0);
  });

  it('is asked for what no tab has that is there, and for nothing that one has', async () => {
    fake.connect('tab', range(0, 9));
    begin();
    await pass(12);
    expect(asked.toSorted((a, b) => a - b)).toEqual([9, 10, 11]);
    // Of the tab the rest is asked still.
    expect(fake.selected.toSorted((a, b) => a - b)).toEqual(range(0, 9));
    await pass(60);
    expect(asked).toHaveLength(3);
  });

  it('is let alone as soon as a tab comes that has what is missing', async () => {
    give = () => new Promise(() => undefined);
    begin();
    await pass(11);
    expect(copy.view.state).toBe('fetching');
    const begun = asked.length;
    fake.connect('seed', range(0, PIECES)).emit('bitfield');
    give = all;
    await pass(60);
    expect(asked).toHaveLength(begun);
    expect(new Set(fake.selected)).toEqual(new Set(range(0, PIECES).filter((piece) => !asked.includes(piece))));
  });

  it('is not asked while the server gives pieces', async () => {
    serverGives = true;
    begin();
    await pass(60);
    expect(asked).toEqual([]);
    // And not at once when that ends: the next who has the pieces may be on the way.
    serverGives = false;
    await pass(9);
    expect(asked).toEqual([]);
    await pass(3);
    expect(window.open).toBe(0);
  });

  it('is not asked for what nobody waits for: a copy for others', async () => {
    window.want(PIECES, new Set(), { next: () => new Promise(() => undefined) });
    copy.wake();
    await pass(60);
    expect(asked).toEqual([]);
    window.hurry();
    await pass(12);
    expect(window.open).toBe(0);
  });

  it('is not asked where the owner says so, and what is under way then ends', async () => {
    allowed = false;
    begin();
    await pass(60);
    expect(asked).toEqual([]);
    expect(copy.view.state).toBe('off');
    let signal: AbortSignal | undefined;
    give = (_, given) => {
      signal = given;
      return new Promise((_resolve, reject) => given.addEventListener('abort', () => reject(given.reason)));
    };
    allowed = true;
    await pass(11);
    expect(copy.view.state).toBe('fetching');
    allowed = false;
    await pass(1);
    expect(signal!.aborted).toBe(true);
    expect(copy.view.state).toBe('off');
    expect(window.open).toBe(PIECES);
  });

  it.each<HubTrouble>(['busy', 'silent'])(
    'that is %s rests for longer each time, and is asked again',
    async (trouble) => {
      vi.spyOn(Math, 'random').mockReturnValue(0);
      give = refusing(trouble);
      begin();
      await pass(11);
      const once = asked.length;
      // Both requests may have been under way.
      expect(once).toBeLessThanOrEqual(2);
      expect(copy.view).toMatchObject({ state: 'resting', trouble });
      await pass(12);
      expect(asked).toHaveLength(once);
      await pass(5);
      const twice = asked.length;
      expect(twice).toBeGreaterThan(once);
      await pass(25);
      expect(asked).toHaveLength(twice);
      give = all;
      await pass(8);
      expect(window.open).toBe(0);
      vi.restoreAllMocks();
    },
  );

  it('is let alone for as long as it says', async () => {
    give = refusing('busy', 200_000);
    begin();
    await pass(11);
    const once = asked.length;
    await pass(195);
    expect(asked).toHaveLength(once);
  });

  it.each<HubTrouble>(['missing', 'no-ranges', 'other-file'])(
    'that is of no use (%s) is not asked again',
    async (trouble) => {
      give = refusing(trouble);
      begin();
      await pass(11);
      expect(asked.length).toBeLessThanOrEqual(2);
      const once = asked.length;
      await pass(3600);
      expect(asked).toHaveLength(once);
      expect(copy.view).toMatchObject({ state: 'refused', trouble });
      // Nor by a later exchange of the shard. Other tabs are asked for everything.
      copy.close();
      copy = open();
      copy.wake();
      await pass(60);
      expect(asked).toHaveLength(once);
      expect(window.open).toBe(PIECES);
      expect(fake.selected).toHaveLength(PIECES);
    },
  );

  it('that lies is not asked again after two wrong pieces', async () => {
    give = async (run) => ({ bytes: run.count * PIECE_BYTES, stored: [], wrong: piecesOf(run) });
    begin();
    await pass(60);
    expect(asked.length).toBeLessThanOrEqual(4);
    expect(copy.view).toMatchObject({ state: 'refused', trouble: 'wrong-bytes' });
    expect(window.open).toBe(PIECES);
  });

  it('is asked for one and a half times the shard at most, whatever happens', async () => {
    give = async () => ({ trouble: 'silent', detail: 'breaks off', retryAfterMs: undefined });
    begin();
    await pass(24 * 3600);
    expect(asked.length).toBeLessThanOrEqual(1.5 * PIECES);
    expect(copy.view).toMatchObject({ state: 'refused', trouble: 'too-much' });
  });

  it('is asked for nothing after the end, and what is under way ends then', async () => {
    give = (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    begin();
    await pass(11);
    const begun = asked.length;
    expect(begun).toBeGreaterThan(0);
    // Whatever is asked for now would come.
    give = all;
    copy.close();
    await pass(60);
    expect(asked).toHaveLength(begun);
    expect(window.open).toBe(PIECES);
  });

  it('is asked for eight megabytes at once at most, and by two requests', async () => {
    let running = 0;
    let most = 0;
    const lengths: number[] = [];
    give = async (run) => {
      lengths.push(run.count);
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 100));
      running--;
      return all(run);
    };
    begin();
    await pass(20);
    expect(window.open).toBe(0);
    expect(most).toBe(2);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(8);
  });
});
