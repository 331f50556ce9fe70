import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import type { Directory } from '../../net/transport.ts';
import { manifestKey, shardRecordKey, validateShardRecord } from '../../protocol/directory.ts';
import type { Manifest, ManifestShard } from '../../protocol/manifest.ts';

/** A shard as the DHT knows it. */
export interface FoundShard {
  readonly infoHash: string;
  readonly fileName: string;
  readonly sizeBytes: number;
  /** Peers that say they hold it; presence tells which of them are alive. */
  readonly holders: readonly string[];
}

/** Registrations are renewed this often: the server drops what is older than `PROVIDER_VALIDITY_MS`, three times this. */
export const RENEWAL_MS = 60 * 60_000;
/** A registration that failed is tried again after this: the server may be on its way back. */
const RETRY_MS = 5000;

/**
 * Registers this tab's shard files and its manifest in the DHT, and finds everybody's. Registrations are renewed: the DHT
 * forgets.
 */
export class ShardRegistry {
  readonly #directory: Directory;
  readonly #manifest: Manifest;
  readonly #manifestId: string;
  readonly #registered = new Set<number>();
  #running: Promise<void> = Promise.resolve();
  #retry: ReturnType<typeof setTimeout> | undefined;
  #shards: readonly ManifestShard[] = [];
  #manifestRegistered = false;
  readonly #renewal = setInterval(() => {
    this.reset();
    void this.register(this.#shards);
  }, RENEWAL_MS);

  constructor(directory: Directory, manifest: Manifest, manifestId: string) {
    this.#directory = directory;
    this.#manifest = manifest;
    this.#manifestId = manifestId;
  }

  /** Registers the manifest and those of `shards` that are not registered yet; what fails is logged and tried again. */
  register(shards: readonly ManifestShard[]): Promise<void> {
    clearTimeout(this.#retry);
    this.#shards = shards;
    this.#running = this.#running.then(() => this.#register());
    return this.#running;
  }

  /** The server came back, perhaps with an empty table: everything is to be registered again. */
  reset(): void {
    this.#registered.clear();
    this.#manifestRegistered = false;
  }

  close(): void {
    clearTimeout(this.#retry);
    clearInterval(this.#renewal);
  }

  /**
   * Looks a shard up. Records that disagree with the manifest are passed over, whoever sent them.
   * @throws ShoalError `shard-missing` when the DHT has no record of the shard, `bad-manifest` when it has none but false
   * ones
   */
  async find(index: number, signal?: AbortSignal): Promise<FoundShard> {
    const key = shardRecordKey(this.#manifestId, index);
    let refused = 0;
    const accept = (value: Uint8Array) => {
      const agrees = this.#agrees(index, value);
      if (!agrees) refused++;
      return agrees;
    };
    const value = await this.#directory.get(key, { ...(signal ? { signal } : {}), accept });
    if (refused > 0) log.warn('TORRENT', `Passed over ${refused} record(s) of shard ${index} that are false.`);
    if (!value && refused > 0) {
      throw new ShoalError('bad-manifest', `The DHT's record of shard ${index} does not agree with the manifest.`);
    }
    if (!value) throw new ShoalError('shard-missing', `The DHT has no record of shard ${index}.`);
    const { infoHash, fileName, sizeBytes } = this.#manifest.shards[index]!;
    return { infoHash, fileName, sizeBytes, holders: await this.holders(index, signal) };
  }

  /** Peers that are registered for a shard; presence tells which of them are alive. */
  holders(index: number, signal?: AbortSignal): Promise<string[]> {
    return this.#directory.findProviders(shardRecordKey(this.#manifestId, index), signal ? { signal } : {});
  }

  #agrees(index: number, value: Uint8Array): boolean {
    const shard = this.#manifest.shards[index];
    try {
      const record = validateShardRecord(new TextEncoder().encode(shardRecordKey(this.#manifestId, index)), value);
      return record.infoHash === shard?.infoHash && record.sizeBytes === shard.sizeBytes;
    } catch {
      return false;
    }
  }

  /** Whoever follows an invite finds the manifest here. */
  async #registerManifest(): Promise<void> {
    if (this.#manifestRegistered) return;
    try {
      await this.#directory.provide(manifestKey(this.#manifestId));
      this.#manifestRegistered = true;
    } catch (error) {
      log.warn('TORRENT', `✗ Not registered in DHT: the manifest: ${ShoalError.from(error).message}`);
    }
  }

  async #register(): Promise<void> {
    if (this.#shards.length === 0) return;
    await this.#registerManifest();
    const wanted = this.#shards.filter(({ index }) => !this.#registered.has(index));
    if (wanted.length > 0) {
      log.info('TORRENT', `Registering ${wanted.length} torrent file(s) in DHT for auto-propagation...`);
    }
    for (const shard of wanted) await this.#registerShard(shard);
    if (!this.#manifestRegistered || wanted.some(({ index }) => !this.#registered.has(index))) {
      this.#retry = setTimeout(() => void this.register(this.#shards), RETRY_MS);
    } else if (wanted.length > 0) {
      log.info('TORRENT', '✓ All torrent files registered in DHT - auto-propagation enabled');
    }
  }

  async #registerShard({ index, infoHash, fileName, sizeBytes }: ManifestShard): Promise<void> {
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
}
