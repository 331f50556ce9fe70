import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { log } from '../src/core/log.ts';
import type { ManifestShard } from '../src/protocol/manifest.ts';
import type { Metrics } from './metrics.ts';
import type { ServedModel } from './served-model.ts';

/** Read and hashed at once, about a millisecond's work. */
const READ_BYTES = 1024 * 1024;

type Repair = (model: ServedModel) => Promise<void>;

/**
 * Reads every shard once after the start, in the background, at half a processor at most, and compares it with its
 * manifest: a size and a time do not tell that a disk has given other bytes. What is spoiled is not served.
 */
export class ShardCheck {
  readonly #models: readonly ServedModel[];
  readonly #repair: Repair | undefined;
  readonly #stop = new AbortController();
  readonly #spoiled = new Set<string>();
  #uncheckedBytes = 0;

  /** @param repair - makes a model's files anew */
  constructor(models: readonly ServedModel[], metrics: Metrics, repair?: Repair) {
    this.#models = models;
    this.#repair = repair;
    for (const { manifest } of models) for (const { sizeBytes } of manifest.shards) this.#uncheckedBytes += sizeBytes;
    metrics.gauge('shoal_shards_spoiled', 'Shards that are not served: their files are not the manifest’s.', () => {
      return this.#spoiled.size;
    });
    metrics.gauge('shoal_shards_unchecked_bytes', 'Bytes of shards not read yet since the start.', () => {
      return this.#uncheckedBytes;
    });
  }

  /** Whether a shard's file is known not to be the manifest's. */
  isSpoiled(path: string): boolean {
    return this.#spoiled.has(path);
  }

  start(): void {
    void this.#run().catch((error: unknown) => {
      if (!this.#stop.signal.aborted) log.error('SERVER', `The shards could not be checked: ${String(error)}`);
    });
  }

  close(): void {
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    for (const model of this.#models) {
      if (await this.#checkModel(model)) continue;
      if (!this.#repair) continue;
      try {
        await this.#repair(model);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        log.error('SERVER', `The shards of ${model.manifest.name} could not be made anew: ${message}`);
        continue;
      }
      if (await this.#checkModel(model)) log.info('SERVER', `The shards of ${model.manifest.name} are whole again.`);
    }
  }

  /** @returns whether every shard is the manifest's */
  async #checkModel({ manifest, directory }: ServedModel): Promise<boolean> {
    let whole = true;
    for (const shard of manifest.shards) {
      const path = join(directory, shard.fileName);
      const fault = await this.#findFault(path, shard);
      this.#uncheckedBytes = Math.max(0, this.#uncheckedBytes - shard.sizeBytes);
      if (fault === undefined) {
        this.#spoiled.delete(path);
        continue;
      }
      whole = false;
      this.#spoiled.add(path);
      const next = this.#repair ? 'It is split anew' : 'Split the model anew';
      log.error('SERVER', `${path} is not the file that the manifest lists (${fault}), and is not served. ${next}.`);
    }
    return whole;
  }

  /** @returns what is wrong with a shard's file; undefined when nothing is */
  async #findFault(path: string, { sizeBytes, sha256 }: ManifestShard): Promise<string | undefined> {
    const { signal } = this.#stop;
    let file: FileHandle | undefined;
    try {
      file = await open(path);
      const hash = createHash('sha256');
      const buffer = Buffer.allocUnsafe(READ_BYTES);
      let size = 0;
      for (;;) {
        const startedAtMs = performance.now();
        const { bytesRead } = await file.read(buffer, 0, READ_BYTES, size);
        if (bytesRead === 0) break;
        hash.update(buffer.subarray(0, bytesRead));
        size += bytesRead;
        // Tabs come first.
        await delay(performance.now() - startedAtMs, undefined, { signal, ref: false });
      }
      if (size !== sizeBytes) return `it has ${size} bytes, expected ${sizeBytes}`;
      const found = hash.digest('hex');
      return found === sha256 ? undefined : `its SHA-256 is ${found}, expected ${sha256}`;
    } catch (error) {
      this.#stop.signal.throwIfAborted();
      return `it cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    } finally {
      await file?.close();
    }
  }
}
