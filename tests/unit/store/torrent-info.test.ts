import bencode from 'bencode';
import { describe, expect, it } from 'vitest';
import type { ManifestShard } from '../../../src/protocol/manifest.ts';
import { bitfieldOf, checkPieceLength, pieceBytes, pieceCount } from '../../../src/store/metainfo/pieces.ts';
import { PIECE_LENGTH, ShardHasher, withLinks } from '../../../src/store/metainfo/torrent-file.ts';
import { checkTorrent } from '../../../src/store/metainfo/torrent-info.ts';

async function publish(fileName: string, sizeBytes: number) {
  const hasher = await ShardHasher.create(fileName, PIECE_LENGTH);
  hasher.update(new Uint8Array(sizeBytes));
  const { torrent, ...digest } = hasher.finish();
  const place = { index: 0, headerBytes: 1, layers: { start: 0, end: 1 }, hasEmbedding: true, hasOutput: true };
  return { torrent, shard: { ...place, fileName, ...digest } satisfies ManifestShard };
}

describe('a torrent file from outside', () => {
  it('loses trackers and web seeds that somebody put in', async () => {
    const { torrent, shard } = await publish('shard-0.gguf', 1000);
    const links = { announce: ['wss://tracker.example'], webSeeds: ['https://example/other.gguf'] };
    expect(await checkTorrent(withLinks(torrent, links), shard, PIECE_LENGTH)).toEqual(torrent);
  });

  it("is refused when it is another one's", async () => {
    const { shard } = await publish('shard-0.gguf', 1000);
    const { torrent } = await publish('shard-1.gguf', 1000);
    await expect(checkTorrent(torrent, shard, PIECE_LENGTH)).rejects.toMatchObject({ code: 'hash-mismatch' });
  });

  it('is refused when the manifest says something else of the file', async () => {
    const { torrent, shard } = await publish('shard-0.gguf', 1000);
    const shorter = { ...shard, sizeBytes: 999 };
    await expect(checkTorrent(torrent, shorter, PIECE_LENGTH)).rejects.toMatchObject({ code: 'bad-manifest' });
    await expect(checkTorrent(torrent, shard, 16_384)).rejects.toMatchObject({ code: 'bad-manifest' });
  });

  it('is refused when it is no torrent', async () => {
    const { shard } = await publish('shard-0.gguf', 1000);
    const page = new TextEncoder().encode('<!doctype html><title>404</title>');
    for (const bytes of [page, new Uint8Array(), bencode.encode([1]), bencode.encode({ announce: 'x' })]) {
      await expect(checkTorrent(bytes, shard, PIECE_LENGTH)).rejects.toMatchObject({ code: 'bad-request' });
    }
    const text = bencode.encode({ info: 'text' });
    await expect(checkTorrent(text, shard, PIECE_LENGTH)).rejects.toMatchObject({ code: 'hash-mismatch' });
  });
});

describe('piece arithmetic', () => {
  it('takes piece lengths that can be exchanged', () => {
    for (const length of [16_384, PIECE_LENGTH, 16 * 1024 * 1024]) checkPieceLength(length);
    for (const length of [0, 1, 16_383, 2 ** 24 + 1, Number.NaN]) {
      expect(() => checkPieceLength(length)).toThrow(expect.objectContaining({ code: 'bad-manifest' }));
    }
  });

  it('counts pieces and their bytes', () => {
    expect(pieceCount(32, 16)).toBe(2);
    expect(pieceCount(33, 16)).toBe(3);
    expect(pieceBytes([0, 2, 3], 33, 16)).toBe(17);
  });

  it('puts the first piece into the highest bit', () => {
    expect(bitfieldOf([0, 7, 9, 99], 10)).toEqual(new Uint8Array([0b1000_0001, 0b0100_0000]));
  });
});
