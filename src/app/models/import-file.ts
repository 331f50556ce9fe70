import { publishModel } from '../../store/publish/publish.ts';
import { laterWords } from '../../words/later-words.ts';
import type { SwarmSession } from '../swarm-session.ts';
import { mayBe, type OpenedModel } from './model-files.ts';

/**
 * Splits a GGUF that is on this machine as the server has split it; the same file gives the same shards, which then go
 * into this browser's storage without crossing the network.
 * @returns false where it is another model than the swarm's
 * @throws ShoalError `bad-gguf`, `truncated-gguf`, `unsupported-architecture`, `unsupported-tensor-type`
 */
export async function importFile(
  opened: OpenedModel,
  { model: { manifest, manifestId }, store }: SwarmSession,
  onProgress: (text: string) => void,
): Promise<boolean> {
  const { name, source } = opened;
  const { models } = laterWords();
  if (!(await mayBe(opened, manifest))) return false;
  const published = await publishModel(source, {
    fileName: name,
    name: manifest.name,
    shardCount: manifest.shards.length,
    source: manifest.source,
    onProgress: (done, total) => onProgress(models.reading(name, Math.floor((100 * done) / total))),
  });
  if (published.manifestId !== manifestId) return false;
  for (const { shard, file } of published.shards) {
    onProgress(models.storing(shard.fileName));
    await store.importShard(shard, (offset, length) => file.read(offset, length), {});
  }
  onProgress(models.isThisSwarms(name, published.shards.length));
  return true;
}
