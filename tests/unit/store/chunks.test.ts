import 'fake-indexeddb/auto';
import fc from 'fast-check';
import { sha256 } from 'hash-wasm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ManifestShard } from '../../../src/protocol/manifest.ts';
import { ChunkDatabase } from '../../../src/store/idb/chunk-database.ts';
import { IdbChunkStore } from '../../../src/store/idb/idb-chunk-store.ts';
import { IdbShardReader } from '../../../src/store/idb/idb-shard-reader.ts';
import { importPieces } from '../../../src/store/idb/import-pieces.ts';
import { PieceWriter } from '../../../src/store/idb/piece-writer.ts';
import { LocalStoreThread } from '../../../src/store/idb/store-thread.ts';
import { PieceHashes } from '../../../src/store/metainfo/piece-hashes.ts';
import { PIECE_LENGTH, ShardHasher } from '../../../src/store/metainfo/torrent-file.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const chunks = new ChunkDatabase();

afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all([chunks.delete(A), chunks.delete(B)]);
});

/** `length` bytes that differ from piece to piece. */
function someBytes(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) * 7) & 255);
}

function shardOf(sizeBytes: number, change: Partial<ManifestShard> = {}): ManifestShard {
  const index = 0;
  const common = { index, fileName: 'shard-0.gguf', sha256: '0'.repeat(64), infoHash: A, headerBytes: 1 };
  return { ...common, sizeBytes, layers: { start: 0, end: 1 }, hasEmbedding: true, hasOutput: true, ...change };
}

async function store(bytes: Uint8Array, pieceLength: number): Promise<void> {
  for (let piece = 0; piece * pieceLength < bytes.length; piece++) {
    await chunks.put(A, piece, bytes.slice(piece * pieceLength, (piece + 1) * pieceLength));
  }
}

describe('the chunk database', () => {
  it('keeps the pieces of each shard apart', async () => {
    await chunks.put(A, 0, someBytes(3));
    await chunks.put(A, 11, someBytes(5));
    await chunks.put(B, 1, someBytes(4));
    expect((await chunks.pieces(A)).sort((one, other) => one - other)).toEqual([0, 11]);
    expect(await chunks.count(B)).toBe(1);
    expect(await chunks.getRange(A, 10, 12)).toEqual([undefined, someBytes(5)]);
    await chunks.delete(A);
    expect(await chunks.pieces(A)).toEqual([]);
    expect(await chunks.getRange(B, 1, 2)).toEqual([someBytes(4)]);
  });

  it('stores of a view no more than the view', async () => {
    await chunks.put(A, 0, new Uint8Array(1_000_000).subarray(10, 20));
    const [stored] = await chunks.getRange(A, 0, 1);
    expect(stored?.buffer.byteLength).toBe(10);
  });

  it('says that storage is full', async () => {
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    await expect(chunks.put(A, 7, someBytes(1))).rejects.toMatchObject({ code: 'storage-full' });
    await expect(chunks.put(A, 7, someBytes(1))).rejects.toThrow(/full at piece 7/);
  });
});

describe('the chunk store of a torrent', () => {
  const torrentStore = new IdbChunkStore(chunks, new PieceWriter(new LocalStoreThread(chunks), () => undefined), A, 16);
  const get = (piece: number, options: { offset?: number; length?: number } | null = null) =>
    new Promise<Uint8Array | undefined>((resolve, reject) =>
      torrentStore.get(piece, options, (error, bytes) => (error ? reject(error) : resolve(bytes))),
    );
  const put = (piece: number, bytes: Uint8Array) =>
    new Promise<void>((resolve, reject) =>
      torrentStore.put(piece, bytes, (error) => (error ? reject(error) : resolve())),
    );

  it('gives whole pieces and parts of them', async () => {
    await put(2, someBytes(16));
    expect(await get(2)).toEqual(someBytes(16));
    expect(await get(2, { offset: 3, length: 4 })).toEqual(someBytes(16).slice(3, 7));
    expect(await get(2, { offset: 3 })).toEqual(someBytes(16).slice(3));
    const short = await new Promise((resolve) => torrentStore.get(2, (_, bytes) => resolve(bytes)));
    expect(short).toEqual(someBytes(16));
  });

  it('passes failures on', async () => {
    await expect(get(3)).rejects.toMatchObject({ code: 'shard-missing' });
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    await expect(put(3, someBytes(16))).rejects.toMatchObject({ code: 'storage-full' });
  });

  it('keeps the pieces when it is closed, and deletes them when it is destroyed', async () => {
    await put(0, someBytes(16));
    await new Promise((resolve) => torrentStore.close(resolve));
    expect(await chunks.count(A)).toBe(1);
    await new Promise((resolve) => torrentStore.destroy(resolve));
    expect(await chunks.count(A)).toBe(0);
  });
});

describe('the shard reader', () => {
  it('reads any range, across any piece borders', async () => {
    const pieceLength = 16;
    // More pieces than are read at once, and a short last one.
    const bytes = someBytes(40 * pieceLength + 5);
    await store(bytes, pieceLength);
    const reader = new IdbShardReader(shardOf(bytes.length), pieceLength, { chunks });
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), fc.nat(bytes.length), async (one, other) => {
        const [start, end] = [Math.min(one, other), Math.max(one, other)];
        const read = await reader.read(start, end - start);
        expect(read).toEqual(bytes.slice(start, end));
        // Nothing of the cache leaks out.
        read.fill(0);
      }),
      { numRuns: 200 },
    );
  });

  it('refuses ranges outside of the file', async () => {
    const reader = new IdbShardReader(shardOf(32), 16, { chunks });
    for (const [offset, length] of [
      [-1, 4],
      [0, 33],
      [32, 1],
      [0.5, 1],
      [0, Number.NaN],
      [0, -1],
    ] as const) {
      await expect(reader.read(offset, length)).rejects.toMatchObject({ code: 'bad-request' });
    }
  });

  it('finds pieces that are missing or of a wrong length', async () => {
    await chunks.put(A, 0, someBytes(16));
    await chunks.put(A, 2, someBytes(15));
    const reader = new IdbShardReader(shardOf(48), 16, { chunks });
    expect(await reader.read(0, 16)).toEqual(someBytes(16));
    await expect(reader.read(15, 2)).rejects.toMatchObject({ code: 'shard-missing' });
    await expect(reader.read(32, 1)).rejects.toThrow(/piece 2 has 15 bytes .* expected 16/);
  });

  it('checks every piece against the torrent, also those that it reads ahead', async () => {
    const bytes = someBytes(40 * PIECE_LENGTH + 5);
    const hasher = await ShardHasher.create('shard-0.gguf', PIECE_LENGTH);
    hasher.update(bytes);
    const { torrent, ...digest } = hasher.finish();
    const shard = shardOf(bytes.length, digest);
    for (let piece = 0; piece <= 40; piece++)
      await chunks.put(shard.infoHash, piece, bytes.slice(piece * PIECE_LENGTH, (piece + 1) * PIECE_LENGTH));
    const spoilt = bytes.slice(35 * PIECE_LENGTH, 36 * PIECE_LENGTH);
    spoilt[100]! ^= 1;
    await chunks.put(shard.infoHash, 35, spoilt);
    const hashes = await PieceHashes.of(torrent, shard, PIECE_LENGTH);
    const reader = new IdbShardReader(shard, PIECE_LENGTH, { chunks, hashes });
    for (let piece = 0; piece < 35; piece++) await reader.read(piece * PIECE_LENGTH, PIECE_LENGTH);
    await expect(reader.read(35 * PIECE_LENGTH, 1)).rejects.toMatchObject({ code: 'hash-mismatch' });
    // It is not remembered when what is stored is right again.
    await chunks.put(shard.infoHash, 35, bytes.slice(35 * PIECE_LENGTH, 36 * PIECE_LENGTH));
    expect(await reader.read(35 * PIECE_LENGTH, 1)).toEqual(bytes.slice(35 * PIECE_LENGTH, 35 * PIECE_LENGTH + 1));
    expect(Buffer.compare(await reader.read(40 * PIECE_LENGTH, 5), bytes.slice(-5))).toBe(0);
    // Another shard's torrent vouches for nothing.
    await expect(PieceHashes.of(torrent, shardOf(bytes.length), PIECE_LENGTH)).rejects.toMatchObject({
      code: 'hash-mismatch',
    });
    await chunks.delete(shard.infoHash);
  });

  it('stops when it is told to', async () => {
    const reader = new IdbShardReader(shardOf(48), 16, { chunks });
    await expect(reader.read(0, 48, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('hashing a stored shard', () => {
  it('gives the SHA-256 of its bytes', async () => {
    const bytes = someBytes(5_000_001);
    await store(bytes, PIECE_LENGTH);
    expect(await new LocalStoreThread(chunks).hash(shardOf(bytes.length), PIECE_LENGTH)).toBe(await sha256(bytes));
  });

  it('fails when a piece is missing, and when it is stopped', async () => {
    const shard = shardOf(PIECE_LENGTH * 2);
    await chunks.put(A, 0, someBytes(PIECE_LENGTH));
    await expect(new LocalStoreThread(chunks).hash(shard, PIECE_LENGTH)).rejects.toMatchObject({
      code: 'shard-missing',
    });
    const signal = AbortSignal.abort();
    await expect(new LocalStoreThread(chunks).hash(shard, PIECE_LENGTH, { signal })).rejects.toMatchObject({
      code: 'aborted',
    });
  });
});

describe('importing a file', () => {
  const bytes = someBytes(2 * PIECE_LENGTH + 100);
  const read = async (offset: number, length: number) => bytes.slice(offset, offset + length);

  async function importInto(change: Partial<ManifestShard>, from = read, signal?: AbortSignal) {
    const hasher = await ShardHasher.create('shard-0.gguf', PIECE_LENGTH);
    hasher.update(bytes);
    const { torrent, ...digest } = hasher.finish();
    const shard = shardOf(bytes.length, { ...digest, ...change });
    return { shard, torrent, imported: importPieces(shard, PIECE_LENGTH, from, chunks, signal) };
  }

  it('stores its pieces and gives the torrent', async () => {
    const { shard, torrent, imported } = await importInto({});
    expect(await imported).toEqual(torrent);
    const stored = await new IdbShardReader(shard, PIECE_LENGTH, { chunks }).read(0, bytes.length);
    expect(Buffer.compare(stored, bytes)).toBe(0);
    await chunks.delete(shard.infoHash);
  });

  it('keeps bytes that are right when only the torrent is cut differently', async () => {
    const { imported } = await importInto({ infoHash: B });
    expect(await imported).toBeUndefined();
    expect(await chunks.count(B)).toBe(3);
  });

  it('keeps nothing of a wrong file, a short read or a cancelled import', async () => {
    const wrong = await importInto({ infoHash: B, sha256: '1'.repeat(64) });
    await expect(wrong.imported).rejects.toMatchObject({ code: 'hash-mismatch' });
    const short = await importInto({ infoHash: B }, async (offset, length) =>
      bytes.slice(offset, offset + Math.min(length, 99)),
    );
    await expect(short.imported).rejects.toMatchObject({ code: 'bad-request' });
    const abort = new AbortController();
    const cancelled = await importInto(
      { infoHash: B },
      (offset, length) => {
        if (offset > 0) abort.abort();
        return read(offset, length);
      },
      abort.signal,
    );
    await expect(cancelled.imported).rejects.toMatchObject({ code: 'aborted' });
    expect(await chunks.count(B)).toBe(0);
  });
});
