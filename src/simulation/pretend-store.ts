import { abortable } from '../core/abortable.ts';
import { Emitter, type Unsubscribe } from '../core/events.ts';
import type { Manifest, ManifestShard } from '../protocol/manifest.ts';
import type { ObtainOptions, SeededFile, ShardOrigin, ShardStore, Transfer } from '../store/shard-store.ts';

export interface PretendStoreOptions {
  readonly manifest: Manifest;
  /** What fetching a shard takes now, ms. */
  readonly fetchMs: (shard: ManifestShard) => number;
  /** Whether the tab has the shard without fetching it. */
  readonly stored: (index: number) => boolean;
  /** Whether what is fetched is told of as it comes, and only what is there is seeded; all shards at once unless given. */
  readonly tells?: boolean;
}

/** How often a download says how far it is. */
const TELL_EVERY_MS = 100;

/** A store that comes by every shard, after a while, and keeps none: what there is to see of one without its bytes. */
export class PretendStore implements ShardStore {
  readonly #options: PretendStoreOptions;
  readonly #transfers = new Map<string, Transfer>();
  readonly #events = new Emitter<{ transfer: Transfer }>();

  constructor(options: PretendStoreOptions) {
    this.#options = options;
  }

  readonly exchangeId = '';
  wish = () => undefined;
  isComplete = async ({ index, infoHash }: ManifestShard) => this.#options.stored(index) || this.#seeds(infoHash);
  missingBytes = async () => 0;

  async obtain({ shard }: ShardOrigin, { signal }: ObtainOptions = {}): Promise<void> {
    const there = this.#options.stored(shard.index) || this.#seeds(shard.infoHash);
    const wholeMs = there ? 0 : this.#options.fetchMs(shard);
    const steps = this.#options.tells ? Math.max(1, Math.ceil(wholeMs / TELL_EVERY_MS)) : 1;
    for (let step = 1; step <= steps; step++) {
      const waiting = new Promise<void>((resolve) => setTimeout(resolve, wholeMs / steps));
      await (signal ? abortable(waiting, signal) : waiting);
      if (this.#options.tells) this.#tell(shard, step / steps, wholeMs);
    }
  }

  obtainHeader = async () => new Uint8Array();
  importShard = async () => undefined;

  seeded(): SeededFile[] {
    const { manifest, tells } = this.#options;
    return manifest.shards
      .filter(({ infoHash }) => !tells || this.#seeds(infoHash))
      .map(({ infoHash, fileName, sizeBytes }) => ({ infoHash, fileName, sizeBytes }));
  }

  transfers(): Transfer[] {
    return [...this.#transfers.values()];
  }

  onTransfer(listener: (transfer: Transfer) => void): Unsubscribe {
    return this.#events.on('transfer', listener);
  }

  onLost = () => () => undefined;
  stop = async () => undefined;

  async remove({ infoHash }: ManifestShard): Promise<void> {
    this.#transfers.delete(infoHash);
  }

  discardPart = async () => undefined;
  freeBytes = async () => Number.POSITIVE_INFINITY;
  announce = () => undefined;
  limitUploads = () => undefined;
  usage = async () => ({ usedBytes: 0, quotaBytes: 0 });
  close = async () => undefined;

  #seeds(infoHash: string): boolean {
    return this.#transfers.get(infoHash)?.phase === 'seeding';
  }

  /** @param share - that is there, 0 to 1 */
  #tell({ infoHash, sizeBytes }: ManifestShard, share: number, wholeMs: number): void {
    const done = share === 1;
    const storedBytes = Math.round(share * sizeBytes);
    const count = Math.ceil(sizeBytes / this.#options.manifest.pieceLength);
    const transfer: Transfer = {
      infoHash,
      phase: done ? 'seeding' : 'downloading',
      storedBytes,
      totalBytes: sizeBytes,
      downBytesPerSecond: done ? 0 : (1000 * sizeBytes) / wholeMs,
      upBytesPerSecond: 0,
      receivedBytes: wholeMs > 0 ? storedBytes : 0,
      serverBytes: 0,
      hub: undefined,
      siblingFetches: false,
      sentBytes: 0,
      peers: 1,
      traffic: [],
      pieces: {
        stored: Math.floor(share * count),
        count,
        parts: Array.from({ length: 64 }, (_, at) => clamp(64 * share - at)),
      },
      waits: false,
      copiedShare: 0,
      secondsLeft: done ? undefined : (wholeMs * (1 - share)) / 1000,
      verified: done,
    };
    this.#transfers.set(infoHash, transfer);
    this.#events.emit('transfer', transfer);
  }
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
