import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ManifestShard } from '../../../src/protocol/manifest.ts';
import { AsidePieces } from '../../../src/store/idb/aside-pieces.ts';
import { asideOf, ChunkDatabase } from '../../../src/store/idb/chunk-database.ts';
import { MemoryChunks } from '../../../src/store/idb/memory-chunks.ts';
import { ShardHasher } from '../../../src/store/metainfo/torrent-file.ts';
import { checkTorrent } from '../../../src/store/metainfo/torrent-info.ts';

const PIECE_BYTES = 1024 * 1024;
const SIZE = 5 * PIECE_BYTES + 77;
const BYTES = Uint8Array.from({ length: SIZE }, (_, index) => (index * 31 + (index >> 12)) & 255);
const HEX = 16;

let shard: ManifestShard;
beforeEach(async () => {
  const hasher = await ShardHasher.create('shard-1.gguf', PIECE_BYTES);
  hasher.update(BYTES);
  const { sizeBytes, sha256, infoHash } = hasher.finish();
  const place = { index: 1, layers: { start: 1, end: 2 }, hasEmbedding: false, hasOutput: false };
  shard = { ...place, fileName: 'shard-1.gguf', sizeBytes, sha256, infoHash, headerBytes: HEX };
});

const databases = {
  IndexedDB: () => new ChunkDatabase(`test-${Math.random()}`),
  memory: () => new MemoryChunks(2 * SIZE),
};

describe.each(Object.entries(databases))('pieces that nobody can check, in %s', (_name, open) => {
  let chunks: ChunkDatabase;
  let aside: AsidePieces;
  const signal = new AbortController().signal;
  beforeEach(() => {
    chunks = open();
    aside = new AsidePieces(chunks);
  });
  afterEach(() => chunks.delete(shard.infoHash));

  async function store(first: number, count: number, bytes = BYTES): Promise<void> {
    const part = bytes.slice(first * PIECE_BYTES, (first + count) * PIECE_BYTES);
    await aside.store(shard.infoHash, PIECE_BYTES, first, part);
  }

  it('count as stored when all together are the manifest’s, in whatever order they came', async () => {
    await store(4, 2);
    await store(0, 1);
    await store(1, 3);
    expect(await chunks.count(shard.infoHash)).toBe(0);
    const torrent = await aside.take(shard, PIECE_BYTES, signal);
    expect(await checkTorrent(torrent!, shard, PIECE_BYTES)).toEqual(torrent);
    const pieces = await chunks.getRange(shard.infoHash, 0, 6);
    expect(Buffer.concat(pieces.map((piece) => piece!)).equals(BYTES)).toBe(true);
    expect(await chunks.count(asideOf(shard.infoHash))).toBe(0);
  });

  it('are gone, all of them, when one bit is wrong', async () => {
    const wrong = BYTES.slice();
    wrong[3 * PIECE_BYTES]! ^= 1;
    await store(0, 6, wrong);
    expect(await aside.take(shard, PIECE_BYTES, signal)).toBeUndefined();
    expect(await chunks.count(shard.infoHash)).toBe(0);
    expect(await chunks.count(asideOf(shard.infoHash))).toBe(0);
  });

  it('stay aside when one is missing', async () => {
    await store(0, 5);
    await expect(aside.take(shard, PIECE_BYTES, signal)).rejects.toMatchObject({ code: 'shard-missing' });
    expect(await chunks.count(asideOf(shard.infoHash))).toBe(5);
  });
});
