import { ShoalError } from '../core/errors.ts';
import { log } from '../core/log.ts';
import type { Directory } from '../net/transport.ts';
import { shardRecordKey, validateShardRecord } from '../protocol/directory.ts';
import type { Manifest, ManifestShard } from '../protocol/manifest.ts';

/** A shard as the DHT knows it. */
export interface FoundShard {
  readonly infoHash: string;
  readonly fileName: string;
  readonly sizeBytes: number;
  /** Peers that say they hold it; presence tells which of them are alive. */
  readonly holders: readonly string[];
}

/** A registration that failed is tried again after this: the server may be on its way back. */
const RETRY_MS = 5000;

/** Registers this tab's shard files in the DHT, and finds everybody's. */
export class ShardRegistry {
  readonly #directory: Directory;
  readonly #manifest: Manifest;
  readonly #manifestId: string;
  readonly #registered = new Set<number>();
  #running: Promise<void> = Promise.resolve();
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(directory: Directory, manifest: Manifest, manifestId: string) {
    this.#directory = directory;
    this.#manifest = manifest;
    this.#manifestId = manifestId;
  }

  /** Registers those of `shards` that are not registered yet; what fails is logged and tried again. */
  register(shards: readonly ManifestShard[]): Promise<void> {
    clearTimeout(this.#retry);
    this.#running = this.#running.then(() =>
      this.#register(shards.filter(({ index }) => !this.#registered.has(index))),
    );
    return this.#running;
  }

  /** The server came back, perhaps with an empty table: everything is to be registered again. */
  reset(): void {
    this.#registered.clear();
  }

  close(): void {
    clearTimeout(this.#retry);
  }

  /** @throws ShoalError `shard-missing` when the DHT has no record of the shard, `bad-manifest` when the record is false */
  async find(index: number, signal?: AbortSignal): Promise<FoundShard> {
    const options = signal ? { signal } : {};
    const key = shardRecordKey(this.#manifestId, index);
    const value = await this.#directory.get(key, options);
    if (!value) throw new ShoalError('shard-missing', `The DHT has no record of shard ${index}.`);
    const record = validateShardRecord(new TextEncoder().encode(key), value);
    const shard = this.#manifest.shards[index];
    if (record.infoHash !== shard?.infoHash || record.sizeBytes !== shard.sizeBytes) {
      throw new ShoalError('bad-manifest', `The DHT's record of shard ${index} does not agree with the manifest.`);
    }
    return { ...record, holders: await this.#directory.findProviders(key, options) };
  }

  async #register(shards: readonly ManifestShard[]): Promise<void> {
    if (shards.length === 0) return;
    log.info('TORRENT', `Registering ${shards.length} torrent file(s) in DHT for auto-propagation...`);
    for (const { index, infoHash, fileName, sizeBytes } of shards) {
      const key = shardRecordKey(this.#manifestId, index);
      try {
        await this.#directory.put(key, new TextEncoder().encode(JSON.stringify({ infoHash, fileName, sizeBytes })));
        await this.#directory.provide(key);
        this.#registered.add(index);
        log.info('TORRENT', `✓ Registered torrent file in DHT: ${fileName} (hash: ${infoHash})`);
      } catch (error) {
        log.warn('TORRENT', `✗ Not registered in DHT: ${fileName}: ${ShoalError.from(error).message}`);
      }
    }
    if (shards.every(({ index }) => this.#registered.has(index))) {
      log.info('TORRENT', '✓ All torrent files registered in DHT - auto-propagation enabled');
    } else {
      this.#retry = setTimeout(() => void this.register(shards), RETRY_MS);
    }
  }
}
