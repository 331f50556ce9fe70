import { ShoalError } from '../core/errors.ts';
import { blobSource } from '../gguf/gguf-file.ts';
import { publishModel } from '../store/publish/publish.ts';
import type { SwarmSession } from './swarm-session.ts';

/**
 * Splits a GGUF that is on this machine as the server has split it; the same file gives the same shards, which then go
 * into this browser's storage without crossing the network.
 * @throws ShoalError `bad-gguf`, `truncated-gguf`, `unsupported-architecture`, `unsupported-tensor-type`, and
 *   `hash-mismatch` when it is another model than the swarm's
 */
export async function importFile(
  file: File,
  { model, store }: SwarmSession,
  onProgress: (text: string) => void,
): Promise<void> {
  const { manifest, manifestId } = model;
  const published = await publishModel(blobSource(file), {
    fileName: file.name,
    name: manifest.name,
    shardCount: manifest.shards.length,
    onProgress: (done, total) => onProgress(`Reading ${file.name}: ${Math.floor((100 * done) / total)} %`),
  });
  if (published.manifestId !== manifestId) {
    throw new ShoalError(
      'hash-mismatch',
      `${file.name} is another model than this swarm's ${manifest.name}. To serve it, start a server with it: npm start -- --model ${file.name}`,
    );
  }
  for (const { shard, file: shardFile } of published.shards) {
    onProgress(`Storing ${shard.fileName}`);
    await store.importShard(shard, (offset, length) => shardFile.read(offset, length), {});
  }
  onProgress(
    `${file.name} is this swarm's model: all ${published.shards.length} shards are in this browser now. Join to run them.`,
  );
}
