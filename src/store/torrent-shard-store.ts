import type WebTorrent from 'webtorrent';
import { ShoalError } from '../core/errors.ts';
import type { Unsubscribe } from '../core/events.ts';
import { log } from '../core/log.ts';
import type { ManifestShard } from '../protocol/manifest.ts';
import { ChunkDatabase } from './chunk-database.ts';
import type { MeetingPlace, PeerDescription, PeerIntroducer } from './peer-introducer.ts';
import { PieceWriter } from './piece-writer.ts';
import { checkPieceLength } from './pieces.ts';
import type { ObtainOptions, SeededFile, ShardOrigin, ShardStore, Transfer } from './shard-store.ts';
import { ShardTransfer, type TransferParts } from './shard-transfer.ts';
import { StorageMeter, type StorageSpace } from './storage-meter.ts';
import type { StoreThread } from './store-thread.ts';
import { TorrentRecords } from './torrent-records.ts';
import { TransferEvents } from './transfer-events.ts';

export interface TorrentShardStoreOptions {
  /** WebSocket trackers. */
  readonly announce: readonly string[];
  readonly iceServers: readonly RTCIceServer[];
  /** The manifest's, bytes. */
  readonly pieceLength: number;
  /** Where a shard lies on a plain web server, if it does. */
  readonly webSeedUrl: (shard: ManifestShard) => string | undefined;
  /** Stores and hashes off the page's thread. */
  readonly thread: StoreThread;
  /** Where pieces are kept; in IndexedDB unless given. */
  readonly chunks?: ChunkDatabase;
  /** Where torrents are kept; in IndexedDB unless given. */
  readonly records?: TorrentRecords;
}

/**
 * A shard store for a page: IndexedDB for the bytes, WebTorrent for the exchange. One at a time a page and tracker: all
 * torrents of a page share the tracker's socket, and a socket speaks for one peer.
 * @throws ShoalError `bad-manifest` for an unusable piece length
 */
export function createTorrentShardStore(options: TorrentShardStoreOptions): ShardStore & MeetingPlace {
  return new TorrentShardStore(options);
}

class TorrentShardStore implements ShardStore, MeetingPlace {
  readonly #iceServers: readonly RTCIceServer[];
  readonly #parts: TransferParts;
  readonly #transfers = new Map<string, ShardTransfer>();
  readonly #events = new TransferEvents(() => this.transfers());
  #client: Promise<WebTorrent> | undefined;
  #introducer: PeerIntroducer | undefined;

  constructor({ iceServers, ...options }: TorrentShardStoreOptions) {
    checkPieceLength(options.pieceLength);
    this.#iceServers = iceServers;
    const meter: StorageMeter = new StorageMeter(() => writer.busy);
    const writer = new PieceWriter(options.thread, (bytes) => meter.wrote(bytes));
    this.#parts = {
      ...options,
      meter,
      writer,
      chunks: options.chunks ?? new ChunkDatabase(),
      records: options.records ?? new TorrentRecords(),
      connect: () => this.#connect(),
      introducer: () => this.#introducer,
      onPhase: (transfer) => this.#events.report(transfer.snapshot()),
    };
  }

  isComplete(shard: ManifestShard): Promise<boolean> {
    return this.#transferOf(shard).isComplete();
  }

  obtain(origin: ShardOrigin, options: ObtainOptions): Promise<void> {
    return this.#transferOf(origin.shard).obtain(origin, options);
  }

  obtainHeader(origin: ShardOrigin, { signal }: { readonly signal?: AbortSignal }): Promise<Uint8Array> {
    return this.#transferOf(origin.shard).obtainHeader(origin, signal);
  }

  importShard(
    shard: ManifestShard,
    read: (offset: number, length: number) => Promise<Uint8Array>,
    { signal }: { readonly signal?: AbortSignal },
  ): Promise<void> {
    return this.#transferOf(shard).import(read, signal);
  }

  seeded(): SeededFile[] {
    return [...this.#transfers.values()]
      .filter(({ seeding }) => seeding)
      .map(({ shard: { infoHash, fileName, sizeBytes } }) => ({ infoHash, fileName, sizeBytes }));
  }

  transfers(): Transfer[] {
    return [...this.#transfers.values()].map((transfer) => transfer.snapshot());
  }

  onTransfer(listener: (transfer: Transfer) => void): Unsubscribe {
    return this.#events.on(listener);
  }

  async stop(infoHash: string): Promise<void> {
    await this.#transfers.get(infoHash)?.stop();
  }

  remove(shard: ManifestShard): Promise<void> {
    return this.#transferOf(shard).remove();
  }

  announce(): void {
    for (const transfer of this.#transfers.values()) transfer.announce();
  }

  introduceBy(introducer: PeerIntroducer): void {
    this.#introducer = introducer;
  }

  async answer(tab: string, infoHash: string, offer: PeerDescription): Promise<PeerDescription> {
    const transfer = this.#transfers.get(infoHash);
    if (!transfer) throw new ShoalError('shard-missing', `No shard with the info hash ${infoHash} is exchanged here.`);
    return transfer.answer(tab, offer);
  }

  usage(): Promise<StorageSpace> {
    return this.#parts.meter.space();
  }

  async close(): Promise<void> {
    this.#events.close();
    await Promise.all([...this.#transfers.values()].map((transfer) => transfer.stop()));
    const client = await this.#client?.catch(() => undefined);
    this.#client = undefined;
    await new Promise<void>((resolve) => (client ? client.destroy(resolve) : resolve()));
  }

  #transferOf(shard: ManifestShard): ShardTransfer {
    let transfer = this.#transfers.get(shard.infoHash);
    if (!transfer) {
      transfer = new ShardTransfer(shard, this.#parts);
      this.#transfers.set(shard.infoHash, transfer);
      this.#events.start();
    }
    return transfer;
  }

  /** Loaded when first needed: it is large, and a page shows itself sooner without it. */
  #connect(): Promise<WebTorrent> {
    this.#client ??= import('webtorrent').then(({ default: Client }) => {
      const client = new Client({
        dht: false,
        lsd: false,
        utPex: false,
        // Without these it would use public trackers and public STUN servers.
        tracker: { announce: [], rtcConfig: { iceServers: [...this.#iceServers] } },
      });
      client.on('error', (error) => log.error('TORRENT', typeof error === 'string' ? error : error.message));
      return client;
    });
    return this.#client;
  }
}
