import type { ManifestShard } from '../../../src/protocol/manifest.ts';

/** A manifest's shards with so many layers each, one byte a shard. */
export function shardsOf(layerCounts: readonly number[]): ManifestShard[] {
  let start = 0;
  return layerCounts.map((count, index) => {
    const layers = { start, end: start + count };
    start += count;
    return {
      index,
      fileName: `shard-${index}.gguf`,
      sizeBytes: 1,
      sha256: '0'.repeat(64),
      infoHash: '0'.repeat(40),
      headerBytes: 1,
      layers,
      hasEmbedding: index === 0,
      hasOutput: index === layerCounts.length - 1,
    };
  });
}
