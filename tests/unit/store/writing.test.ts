import 'fake-indexeddb/auto';
import { createHash } from 'node:crypto';
import { sha256 } from 'hash-wasm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ManifestShard } from '../../../src/protocol/manifest.ts';
import { ChunkDatabase, type Piece } from '../../../src/store/idb/chunk-database.ts';
import { PieceWriter } from '../../../src/store/idb/piece-writer.ts';
import { StorageMeter } from '../../../src/store/idb/storage-meter.ts';
import { LocalStoreThread, type StoreThread } from '../../../src/store/idb/store-thread.ts';
import { pieceLengthFor } from '../../../src/store/metainfo/torrent-file.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const MIB = 1024 * 1024;

afterEach(() => vi.restoreAllMocks());

/** A thread whose transactions end when the test says so. */
class SlowThread implements StoreThread {
  readonly batches: { infoHash: string; indices: number[]; end: (error?: Error) => void }[] = [];

  write(infoHash: string, pieces: readonly Piece[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (error?: Error) => (error ? reject(error) : resolve());
      this.batches.push({ infoHash, indices: pieces.map(({ index }) => index), end });
    });
  }

  fetch = async () => ({ bytes: 0, stored: [], wrong: [] });
  fetchFromHub = this.fetch;
  takeAside = async () => undefined;
  hash = async () => undefined;
}

const settle = () => new Promise((resolve) => setTimeout(resolve));

describe('writing pieces', () => {
  it('takes what comes during a transaction together into the next, and no more than 8 MiB', async () => {
    const thread = new SlowThread();
    const wrote = vi.fn();
    const writer = new PieceWriter(thread, wrote);
    const piece = new Uint8Array(3 * MIB);
    const done = [0, 1, 2, 3].map((index) => writer.put(A, index, piece));
    done.push(writer.put(B, 0, piece));
    expect(writer.busy).toBe(true);
    for (const expected of [[0], [1, 2], [3], [0]]) {
      const batch = thread.batches.at(-1)!;
      expect(batch.indices).toEqual(expected);
      batch.end();
      await settle();
    }
    await Promise.all(done);
    expect(thread.batches.map(({ infoHash }) => infoHash)).toEqual([A, A, A, B]);
    expect(wrote.mock.calls.flat()).toEqual([3 * MIB, 6 * MIB, 3 * MIB, 3 * MIB]);
    expect(writer.busy).toBe(false);
  });

  it('fails those of the transaction that failed, and goes on', async () => {
    const thread = new SlowThread();
    const writer = new PieceWriter(thread, () => undefined);
    const first = writer.put(A, 0, new Uint8Array(1));
    const second = writer.put(A, 1, new Uint8Array(1));
    thread.batches[0]!.end(new Error('the disk'));
    await expect(first).rejects.toThrow(/the disk/);
    await settle();
    thread.batches[1]!.end();
    await second;
  });
});

describe('hashing what is written', () => {
  const pieceLength = 1000;
  const bytes = Uint8Array.from({ length: 20 * pieceLength + 7 }, (_, index) => (index * 31) & 255);
  const shard = { index: 0, fileName: 'shard-0.gguf', infoHash: A, sizeBytes: bytes.length } as ManifestShard;
  const piece = (index: number): Piece => ({
    index,
    bytes: bytes.slice(index * pieceLength, (index + 1) * pieceLength),
  });

  it('reads nothing back of what came in order, give or take', async () => {
    const chunks = new ChunkDatabase();
    const read = vi.spyOn(chunks, 'getRange');
    const thread = new LocalStoreThread(chunks);
    for (const order of [[0, 2], [1], [4, 5, 3], Array.from({ length: 15 }, (_, at) => at + 6)])
      await thread.write(A, order.map(piece));
    expect(await thread.hash(shard, pieceLength)).toBe(await sha256(bytes));
    expect(read).not.toHaveBeenCalled();
    // The next time it reads, as it does for what an earlier page has stored.
    expect(await thread.hash(shard, pieceLength)).toBe(await sha256(bytes));
    expect(read).toHaveBeenCalled();
    await chunks.delete(A);
  });

  it('reads what did not come in order, a part at a time where it is asked to', async () => {
    const chunks = new ChunkDatabase();
    const thread = new LocalStoreThread(chunks);
    await thread.write(A, [piece(0), piece(1)]);
    await chunks.putAll(
      A,
      Array.from({ length: 19 }, (_, at) => piece(at + 2)),
    );
    expect(await thread.hash(shard, pieceLength, { maxBytes: 1 })).toBe(await sha256(bytes));
    await chunks.delete(A);
  });

  it('stops after the bytes that it was given, and goes on from there', async () => {
    const large = 3 * MIB;
    const whole = Uint8Array.from({ length: 3 * large }, (_, index) => (index * 7 + (index >> 12)) & 255);
    const chunks = new ChunkDatabase();
    for (const index of [0, 1, 2]) await chunks.put(B, index, whole.slice(index * large, (index + 1) * large));
    const thread = new LocalStoreThread(chunks);
    const other = { ...shard, infoHash: B, sizeBytes: whole.length };
    expect(await thread.hash(other, large, { maxBytes: 4 * MIB })).toBeUndefined();
    expect(await thread.hash(other, large, { maxBytes: 4 * MIB })).toBe(await sha256(whole));
    await chunks.delete(B);
  });

  it('begins anew when a piece comes again: what it had hashed may be deleted', async () => {
    const chunks = new ChunkDatabase();
    const thread = new LocalStoreThread(chunks);
    await thread.write(A, [piece(0), piece(1)]);
    await chunks.delete(A);
    await thread.write(A, [piece(1)]);
    await expect(thread.hash(shard, pieceLength)).rejects.toMatchObject({ code: 'shard-missing' });
    await chunks.delete(A);
  });
});

describe('fetching from a server', () => {
  const pieceLength = 1000;
  const bytes = Uint8Array.from({ length: 3 * pieceLength + 7 }, (_, index) => (index * 13) & 255);
  const shard = { index: 0, fileName: 'shard-0.gguf', infoHash: A, sizeBytes: bytes.length } as ManifestShard;
  const serve = (status: number, body: Uint8Array<ArrayBuffer>) => {
    const asked: string[] = [];
    vi.stubGlobal('fetch', async (_: string, { headers }: { headers: Record<string, string> }) => {
      asked.push(headers.range!);
      return new Response(body, { status });
    });
    return asked;
  };
  const run = async (first: number, end: number) => {
    const sha1: string[] = [];
    for (let at = first * pieceLength; at < Math.min(end * pieceLength, bytes.length); at += pieceLength)
      sha1.push(
        createHash('sha1')
          .update(bytes.subarray(at, at + pieceLength))
          .digest('hex'),
      );
    return { url: 'https://example/shard-0.gguf', shard, pieceLength, first, sha1 };
  };
  const signal = new AbortController().signal;
  afterEach(() => vi.unstubAllGlobals());

  it('stores the pieces that are right, and tells of those that are not', async () => {
    const chunks = new ChunkDatabase();
    const thread = new LocalStoreThread(chunks);
    const body = bytes.slice(pieceLength);
    body[pieceLength + 3]! ^= 1;
    const asked = serve(206, body);
    const fetched = await thread.fetch(await run(1, 4), signal);
    expect(asked).toEqual(['bytes=1000-3006']);
    expect(fetched).toEqual({ bytes: 2007, stored: [1, 3], wrong: [2] });
    expect((await chunks.pieces(A)).sort()).toEqual([1, 3]);
    const [last] = await chunks.getRange(A, 3, 4);
    expect(last).toEqual(bytes.slice(3 * pieceLength));
    await chunks.delete(A);
  });

  it('fails where the server gives an error, another length, or nothing', async () => {
    const thread = new LocalStoreThread();
    serve(404, new Uint8Array());
    await expect(thread.fetch(await run(0, 1), signal)).rejects.toMatchObject({ code: 'model-unavailable' });
    serve(200, bytes.slice());
    await expect(thread.fetch(await run(0, 1), signal)).rejects.toThrow(/3007 bytes, expected 1000/);
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('network')));
    await expect(thread.fetch(await run(0, 1), signal)).rejects.toMatchObject({ code: 'model-unavailable' });
    await expect(thread.fetch(await run(0, 1), AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('asking what is stored', () => {
  it('asks the browser once a minute, never while something is written, and counts on meanwhile', async () => {
    const estimate = vi.fn(async () => ({ usage: 100, quota: 1000 }));
    vi.stubGlobal('navigator', { storage: { estimate } });
    let nowMs = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    let writing = false;
    const meter = new StorageMeter(() => writing);
    await Promise.all([meter.space(), meter.space()]);
    writing = true;
    meter.wrote(50);
    nowMs = 120_000;
    expect(await meter.space()).toEqual({ usedBytes: 150, quotaBytes: 1000 });
    expect(estimate).toHaveBeenCalledTimes(1);
    writing = false;
    expect(await meter.space()).toEqual({ usedBytes: 100, quotaBytes: 1000 });
    nowMs += 59_000;
    await meter.space();
    expect(estimate).toHaveBeenCalledTimes(2);
    meter.forget();
    await meter.space();
    expect(estimate).toHaveBeenCalledTimes(3);
    vi.unstubAllGlobals();
  });
});

describe('room for several downloads', () => {
  it('is counted once, as long as they are under way', async () => {
    vi.stubGlobal('navigator', { storage: { estimate: async () => ({ usage: 0, quota: 1000 }) } });
    const meter = new StorageMeter(
      () => false,
      () => 100,
    );
    expect(await meter.space()).toEqual({ usedBytes: 0, quotaBytes: 100 });
    const reserve = (bytes: number) =>
      meter.reserve(
        async () => bytes,
        async (needed, reserved) => {
          if (needed + reserved > 100) throw new Error(`${needed} beside ${reserved}`);
        },
      );
    const asked = await Promise.allSettled([reserve(60), reserve(60), reserve(40)]);
    expect(asked.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    if (asked[0]!.status === 'fulfilled') asked[0].value();
    (await reserve(60))();
    vi.unstubAllGlobals();
  });
});

describe('pieces of a model', () => {
  it('are longer where shards are large, so that there are about 256 at most', () => {
    expect(pieceLengthFor(48e6)).toBe(256 * 1024);
    expect(pieceLengthFor(64 * MIB)).toBe(256 * 1024);
    expect(pieceLengthFor(64 * MIB + 1)).toBe(512 * 1024);
    expect(pieceLengthFor(488e6)).toBe(2 * MIB);
    expect(pieceLengthFor(40e9)).toBe(4 * MIB);
  });
});
