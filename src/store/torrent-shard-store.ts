import { randomId } from '../core/bytes.ts';
import { ShoalError } from '../core/errors.ts';
import { Emitter, type Unsubscribe } from '../core/events.ts';
import { guardCandidates } from '../core/ice-candidates.ts';
import { Lazy } from '../core/lazy.ts';
import { log } from '../core/log.ts';
import type { ManifestShard } from '../protocol/manifest.ts';
import { FetchOrder } from './fetch-order.ts';
import { ChunkDatabase } from './idb/chunk-database.ts';
import { PieceWriter } from './idb/piece-writer.ts';
import { SiblingTabs } from './idb/sibling-tabs.ts';
import { StorageMeter, type StorageSpace } from './idb/storage-meter.ts';
import { freeBytes, missingBytes } from './idb/storage-space.ts';
import type { StoreThread } from './idb/store-thread.ts';
import { checkPieceLength, pieceCount } from './metainfo/pieces.ts';
import { TorrentRecords } from './metainfo/torrent-records.ts';
import type { FetchWish, ObtainOptions, SeededFile, ShardOrigin, ShardStore, Transfer } from './shard-store.ts';
import { ShardTransfer, type TransferParts } from './shard-transfer.ts';
import type { HubOptions } from './torrent/hub-copy.ts';
import type { TorrentClient } from './torrent/open-exchange.ts';
import type { MeetingPlace, PeerDescription, PeerIntroducer } from './torrent/peer-introducer.ts';
import { TransferEvents } from './transfer-events.ts';

/** `-WW0`: how torrent clients tell what the other end is. */
const WEBTORRENT_MARK = '2d575730';
const SIBLINGS_CHANNEL = 'shoal-store';
/** How often it is looked whether what is seeded is still there: the time for which others ask for it in vain. */
const AUDIT_MS = 10_000;

export interface TorrentShardStoreOptions {
  /** WebSocket trackers. */
  readonly announce: readonly string[];
  readonly iceServers: readonly RTCIceServer[];
  /** The manifest's, bytes. */
  readonly pieceLength: number;
  /** Where a shard lies on a plain web server, if it does. */
  readonly webSeedUrl: (shard: ManifestShard) => string | undefined;
  /** The `Authorization` header for it, where it asks for one. @throws ShoalError when none is to be had now */
  readonly authorize?: () => Promise<string | undefined>;
  /** Where the model's whole file lies, if everybody may have it. */
  readonly hub?: HubOptions | undefined;
  /** Bytes that the owner lends of the disk; as many as the browser gives when it returns undefined. */
  readonly lentBytes?: () => number | undefined;
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
  readonly exchangeId = `${WEBTORRENT_MARK}${randomId()}`;
  readonly #iceServers: readonly RTCIceServer[];
  readonly #parts: TransferParts;
  readonly #transfers = new Map<string, ShardTransfer>();
  readonly #events = new TransferEvents(() => {
    this.#takeTurns();
    return this.transfers();
  });
  readonly #order = new FetchOrder();
  readonly #siblings: SiblingTabs;
  readonly #lost = new Emitter<{ lost: ManifestShard }>();
  readonly #audit: ReturnType<typeof setInterval>;
  /** Loaded when first needed: it is large, and a page shows itself sooner without it. */
  readonly #client = new Lazy(() => this.#openClient());
  #introducer: PeerIntroducer | undefined;
  /** Bytes a second. */
  #uploadLimit: number | undefined;

  constructor({ iceServers, ...options }: TorrentShardStoreOptions) {
    checkPieceLength(options.pieceLength);
    this.#iceServers = iceServers;
    this.#siblings = new SiblingTabs(options.chunks ? undefined : SIBLINGS_CHANNEL);
    const meter: StorageMeter = new StorageMeter(() => writer.busy, options.lentBytes);
    const writer = new PieceWriter(options.thread, (bytes) => meter.wrote(bytes));
    this.#parts = {
      ...options,
      meter,
      writer,
      chunks: options.chunks ?? new ChunkDatabase(),
      records: options.records ?? new TorrentRecords(),
      connect: () => this.#client.get(),
      introducer: () => this.#introducer,
      siblings: this.#siblings,
      onPhase: (transfer) => {
        this.#takeTurns();
        this.#events.report(transfer.snapshot());
      },
      onLost: (shard) => this.#lost.emit('lost', shard),
    };
    this.#events.on(({ infoHash, storedBytes }) => {
      if (this.#transfers.get(infoHash)?.fetching) this.#siblings.tell({ kind: 'progress', infoHash, storedBytes });
    });
    this.#audit = setInterval(() => void this.#lookForLoss(), AUDIT_MS);
  }

  isComplete(shard: ManifestShard): Promise<boolean> {
    return this.#transferOf(shard).isComplete();
  }

  missingBytes(shard: ManifestShard): Promise<number> {
    return missingBytes(shard, pieceCount(shard.sizeBytes, this.#parts.pieceLength), this.#parts);
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

  onLost(listener: (shard: ManifestShard) => void): Unsubscribe {
    return this.#lost.on('lost', listener);
  }

  async stop(infoHash: string): Promise<void> {
    await this.#transfers.get(infoHash)?.stop();
  }

  remove(shard: ManifestShard): Promise<void> {
    return this.#transferOf(shard).remove();
  }

  async discardPart(shard: ManifestShard): Promise<void> {
    const transfer = this.#transferOf(shard);
    await this.#siblings.ifIdle(shard.infoHash, async () => {
      if (!(await transfer.isComplete())) await transfer.remove();
    });
  }

  wish(shard: ManifestShard, wish: FetchWish): void {
    this.#transferOf(shard).wish = wish;
    this.#takeTurns();
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

  limitUploads(bytesPerSecond: number | undefined): void {
    if (this.#uploadLimit === bytesPerSecond) return;
    this.#uploadLimit = bytesPerSecond;
    void this.#client.begun?.then(
      ({ client }) => client.throttleUpload(bytesPerSecond ?? -1),
      () => undefined,
    );
  }

  usage(): Promise<StorageSpace> {
    return this.#parts.meter.space();
  }

  freeBytes(): Promise<number> {
    return freeBytes(this.#parts.meter);
  }

  async close(): Promise<void> {
    this.#events.close();
    clearInterval(this.#audit);
    this.#siblings.close();
    await Promise.all([...this.#transfers.values()].map((transfer) => transfer.stop()));
    const client = (await this.#client.begun?.catch(() => undefined))?.client;
    this.#client.forget();
    await new Promise<void>((resolve) => (client ? client.destroy(resolve) : resolve()));
  }

  /** Lets those fetch whose turn it is. */
  #takeTurns(): void {
    const transfers = [...this.#transfers.values()];
    const fetches = transfers.map(({ fetch }) => fetch).filter((fetch) => fetch !== undefined);
    const waiting = this.#order.waiting(fetches, performance.now());
    for (const transfer of transfers) transfer.allow(!waiting.has(transfer.shard.infoHash));
  }

  /** Browsers say nothing when they evict, or when a person clears site data. */
  async #lookForLoss(): Promise<void> {
    for (const transfer of this.#transfers.values()) {
      if (transfer.seeding && !(await transfer.isComplete())) await transfer.lose();
    }
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

  async #openClient(): Promise<TorrentClient> {
    const [{ default: Client }, { createTorrentPeer }] = await Promise.all([
      import('webtorrent'),
      import('./torrent/torrent-peer.ts'),
    ]);
    guardCandidates(globalThis.RTCPeerConnection);
    const client = new Client({
      peerId: this.exchangeId,
      dht: false,
      lsd: false,
      utPex: false,
      // Without these it would use public trackers and public STUN servers.
      uploadLimit: this.#uploadLimit ?? -1,
      tracker: { announce: [], rtcConfig: { iceServers: [...this.#iceServers] } },
    });
    client.on('error', (error) => log.error('TORRENT', typeof error === 'string' ? error : error.message));
    return { client, createPeer: (initiator) => createTorrentPeer(this.#iceServers, initiator) };
  }
}
