import { storeThread } from '../../../workers/store-client.ts';
import { ShoalError } from '../../core/errors.ts';
import { formatBytes, percent } from '../../core/format.ts';
import { encodeManifest, type Manifest } from '../../protocol/manifest.ts';
import type { ModelSource } from '../../protocol/model-source.ts';
import { checkPromptable } from '../../store/publish/check-promptable.ts';
import { readModelFile } from '../../store/publish/model-file.ts';
import { shapeOf } from '../../store/publish/model-shape.ts';
import { publishModel } from '../../store/publish/publish.ts';
import { shardCountFor } from '../../store/publish/shard-count.ts';
import type { ShardStore } from '../../store/shard-store.ts';
import { createTorrentShardStore } from '../../store/torrent-shard-store.ts';
import { laterWords } from '../../words/later-words.ts';
import type { OpenedModel } from './model-files.ts';

export interface StoreOptions {
  readonly signal: AbortSignal;
  /** Where everybody may have the file. */
  readonly publicSource?: ModelSource | undefined;
  readonly onProgress: (text: string) => void;
  /** Of the disk, as the owner allows. */
  readonly lentBytes: () => number | undefined;
}

/** A model that this browser has split and stored whole. */
export interface StoredModel {
  readonly manifest: Manifest;
  readonly manifestId: string;
  /** The manifest's bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What will not work with it. */
  readonly notices: readonly string[];
}

/**
 * Splits a model as the command line does, and puts its shards into this browser's storage.
 * @throws ShoalError as `publishModel`, `checkPromptable`; `storage-full`, `aborted`
 */
export async function storeOwnModel({ name, source }: OpenedModel, options: StoreOptions): Promise<StoredModel> {
  const { signal, onProgress, lentBytes, publicSource } = options;
  const notices: string[] = [];
  await checkPromptable(source, name, (text) => notices.push(text));
  const shardCount = shardCountFor(shapeOf(await readModelFile(source, name, 'counted')));
  const { reading, storingSoFar } = laterWords().models;
  const told = (what: typeof reading) => (done: number, total: number) => onProgress(what(name, percent(done, total)));
  const published = await publishModel(source, {
    fileName: name,
    shardCount,
    source: publicSource,
    signal,
    onProgress: told(reading),
  });
  const { manifest, manifestId, shards } = published;
  const store = shelfStore(manifest, lentBytes);
  const missing = await Promise.all(manifest.shards.map((shard) => store.missingBytes(shard)));
  try {
    const neededBytes = missing.reduce((sum, bytes) => sum + bytes, 0);
    checkRoom(manifest.name, neededBytes, await store.freeBytes());
    const totalBytes = manifest.shards.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const onBytes = told(storingSoFar);
    let doneBytes = 0;
    for (const { shard, file } of shards) {
      const read = (offset: number, length: number) => {
        onBytes(doneBytes + offset, totalBytes);
        return file.read(offset, length);
      };
      await store.importShard(shard, read, { signal });
      doneBytes += shard.sizeBytes;
    }
  } catch (error) {
    // What was here before stays: it is another swarm's too.
    await Promise.allSettled(manifest.shards.map(async (shard, at) => missing[at]! > 0 && store.remove(shard)));
    throw error;
  } finally {
    await store.close();
  }
  return { manifest, manifestId, bytes: encodeManifest(manifest), notices };
}

/** Deletes a model's shards from this browser, but for those that another manifest has too. */
export async function deleteModel(manifest: Manifest, kept: Manifest): Promise<void> {
  const store = shelfStore(manifest);
  const still = new Set(kept.shards.map(({ infoHash }) => infoHash));
  await Promise.allSettled(
    manifest.shards.filter(({ infoHash }) => !still.has(infoHash)).map((shard) => store.remove(shard)),
  );
  await store.close();
}

/** Shards of another model than the page's: only stored and deleted, never exchanged. */
function shelfStore({ pieceLength }: Manifest, lentBytes?: () => number | undefined): ShardStore {
  return createTorrentShardStore({
    ...{ announce: [], iceServers: [], pieceLength, thread: storeThread },
    webSeedUrl: () => undefined,
    ...(lentBytes ? { lentBytes } : {}),
  });
}

/** @throws ShoalError `storage-full` before anything is stored */
function checkRoom(name: string, neededBytes: number, freeBytes: number): void {
  if (neededBytes <= freeBytes) return;
  throw new ShoalError(
    'storage-full',
    `${name} takes ${formatBytes(neededBytes)}, and this browser has room for ${formatBytes(freeBytes)}. Free disk space, delete stored models in the settings, or serve the file from a machine: npm start -- --model FILE.`,
  );
}
