import { ShoalError } from '../../core/errors.ts';
import { blobSource } from '../../gguf/gguf-file.ts';
import { encodeManifest } from '../../protocol/manifest.ts';
import { publishModel } from '../../store/publish.ts';
import type { SwarmSession } from './swarm-session.ts';

/**
 * Splits a GGUF that is on this machine as the server has split it; the same file gives the same shards, which then go
 * into this browser's storage without crossing the network.
 * @throws ShoalError `bad-gguf`, `truncated-gguf`, `unsupported-architecture`, `unsupported-tensor-type`, and
 *   `hash-mismatch` when it is another model than the swarm's
 */
export async function importFile(file: File, session: SwarmSession, inform: (text: string) => void): Promise<void> {
  const { manifest } = session.model;
  const parts = new Map<string, Blob[]>();
  const published = await publishModel(blobSource(file), {
    name: manifest.name,
    fileName: file.name,
    shardCount: manifest.shards.length,
    sink: (fileName) => {
      const blobs: Blob[] = [];
      parts.set(fileName, blobs);
      // A Blob each, so that the browser may keep them on disk.
      return { write: async (chunk) => void blobs.push(new Blob([chunk])), close: async () => undefined };
    },
  });
  const split = published.manifest;
  if (new TextDecoder().decode(encodeManifest(split)) !== new TextDecoder().decode(encodeManifest(manifest))) {
    throw new ShoalError('hash-mismatch', `${file.name} is another model than this swarm's ${manifest.name}. To serve it, start a server with it: npm start -- --model ${file.name}`);
  }
  for (const shard of split.shards) {
    const blob = new Blob(parts.get(shard.fileName));
    await session.store.importShard(shard, async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()), {});
  }
  inform(`${file.name} is this swarm's model: all ${split.shards.length} shards are in this browser now. Join to run them.`);
}
