import { ShoalError } from '../../core/errors.ts';
import type { ManifestShard } from '../../protocol/manifest.ts';
import type { HurriedPace } from '../hurried-pace.ts';
import { PieceHashes } from '../metainfo/piece-hashes.ts';
import type { TorrentRecords } from '../metainfo/torrent-records.ts';
import type { StoreThread } from './store-thread.ts';

/** Read and hashed between two questions whether others go before: tenths of a second. */
const PACED_BYTES = 8 * 1024 * 1024;

export interface CheckParts {
  readonly records: TorrentRecords;
  /** Bytes. */
  readonly pieceLength: number;
  readonly thread: StoreThread;
}

/** Whether the whole of a stored shard has the SHA-256 of the manifest: in this page's life, or when it was hashed last. */
export class ShardCheck {
  readonly #shard: ManifestShard;
  readonly #parts: CheckParts;
  #passed: 'no' | 'before' | 'in this page' = 'no';

  constructor(shard: ManifestShard, parts: CheckParts) {
    this.#shard = shard;
    this.#parts = parts;
  }

  get passed(): boolean {
    return this.#passed !== 'no';
  }

  get passedHere(): boolean {
    return this.#passed === 'in this page';
  }

  /** Whether the whole was right when it was hashed last, and a reader can tell whether it still is. */
  async passedBefore(): Promise<boolean> {
    if (this.passed) return true;
    const { records, pieceLength } = this.#parts;
    const { infoHash, sha256 } = this.#shard;
    if ((await records.sha256(infoHash)) !== sha256) return false;
    if (!(await PieceHashes.find(records, this.#shard, pieceLength))) return false;
    this.#passed = 'before';
    return true;
  }

  /** Hashes the whole. @param pace - asked before every part of it */
  async run(signal: AbortSignal, pace: HurriedPace): Promise<boolean> {
    try {
      if ((await this.#hash(signal, pace)) === this.#shard.sha256) {
        await this.pass();
        return true;
      }
    } catch (error) {
      // A record of a wrong length.
      if (ShoalError.from(error).code !== 'shard-missing') throw error;
    }
    this.#passed = 'no';
    return false;
  }

  async #hash(signal: AbortSignal, pace: HurriedPace): Promise<string> {
    const { thread, pieceLength } = this.#parts;
    for (;;) {
      // It costs no network.
      const limits = (await pace.next(0, signal)) ? { maxBytes: PACED_BYTES } : {};
      const digest = await thread.hash(this.#shard, pieceLength, { signal, ...limits });
      if (digest) return digest;
    }
  }

  /** To be called when somebody else has hashed the whole, and it is right. */
  async pass(): Promise<void> {
    const { infoHash, sha256 } = this.#shard;
    this.#passed = 'in this page';
    // Where that cannot be kept, the next page hashes again.
    await this.#parts.records.setSha256(infoHash, sha256).catch(() => undefined);
  }

  /** To be called when what is stored changes. */
  void(): void {
    this.#passed = 'no';
  }
}
