import type WebTorrent from 'webtorrent';
import type { Torrent } from 'webtorrent';
import { ShoalError } from '../../core/errors.ts';
import { Emitter, type Unsubscribe } from '../../core/events.ts';
import { log } from '../../core/log.ts';
import type { ManifestShard } from '../../protocol/manifest.ts';
import { sourceHost } from '../../protocol/model-source.ts';
import type { FetchGate } from '../fetch-gate.ts';
import type { ChunkDatabase } from '../idb/chunk-database.ts';
import { IdbChunkStore } from '../idb/idb-chunk-store.ts';
import type { PieceWriter } from '../idb/piece-writer.ts';
import type { FetchedRun, StoreThread } from '../idb/store-thread.ts';
import { bitfieldOf, pieceBytes, pieceCount } from '../metainfo/pieces.ts';
import { checkShape } from '../metainfo/torrent-info.ts';
import type { HubView, Pace, PieceMap } from '../shard-store.ts';
import { type ArrivalOptions, Arrivals } from './arrivals.ts';
import { updateEagerly } from './eager-updates.ts';
import type { HubOptions, HubRecord } from './hub-copy.ts';
import type { HubSource } from './hub-source.ts';
import type { PeerCounts } from './peer-counts.ts';
import type { PeerDescription, PeerIntroducer } from './peer-introducer.ts';
import { limitPeers, wantedPeers } from './peer-limit.ts';
import { type CreatePeer, PeerMeetings } from './peer-meetings.ts';
import { PeerRecovery } from './peer-recovery.ts';
import { PieceWindow } from './piece-window.ts';
import { ServerCopy } from './server-copy.ts';
import { SourceGuard } from './source-guard.ts';
import { announceNow, silenceTrackers } from './tracker-link.ts';

/** Of stored pieces, for peers that ask for their blocks. */
const CACHE_BYTES = 2 * 1024 * 1024;
/** Parts of a shard in `PieceMap`: what can be told apart on a line. */
const MAP_PARTS = 64;
/** A shard that is not there after so long may need the hub. */
const HUB_AFTER_MS = 2000;

export interface ExchangeOptions {
  readonly client: WebTorrent;
  readonly chunks: ChunkDatabase;
  readonly writer: PieceWriter;
  readonly thread: StoreThread;
  readonly shard: ManifestShard;
  readonly pieceLength: number;
  /** Pieces already stored. */
  readonly stored: readonly number[];
  /** Bytes of the `.torrent`, checked; without it peers are asked for the metadata. */
  readonly torrent: Uint8Array | undefined;
  readonly createPeer: CreatePeer;
  readonly announce: readonly string[];
  readonly webSeedUrl: string | undefined;
  /** The `Authorization` header for it, where it asks for one. */
  readonly authorize: (() => Promise<string | undefined>) | undefined;
  /** Where the model's whole file lies, if that is known. */
  readonly hub: HubOptions | undefined;
  readonly hubRecord: HubRecord;
  /** Sources never to be asked again, peer ids, web seeds and hubs; grows. */
  readonly banned: Set<string>;
  /** Who brings tabs together when the tracker does not, if there is one by then. */
  readonly introducer: () => PeerIntroducer | undefined;
  /** Whether pieces may be fetched now. */
  readonly gate: FetchGate;
  /** Goes on counting. */
  readonly counts: PeerCounts;
}

export interface FetchOptions extends ArrivalOptions {
  readonly pace?: Pace | undefined;
}

/** One shard's torrent: takes part in its exchange from construction to `close`. */
export class ShardExchange {
  /** `metadata`: the `.torrent` that peers had. */
  readonly events = new Emitter<{ metadata: Uint8Array }>();
  readonly #options: ExchangeOptions;
  readonly #torrent: Torrent;
  readonly #server: ServerCopy | undefined;
  /** Its code comes when it may be needed. */
  #hub: HubSource | undefined;
  #hubTimer: ReturnType<typeof setTimeout> | undefined;
  /** Where all pieces came from before the torrent knew of any. */
  #wholeFrom: string | undefined;
  readonly #guard: SourceGuard;
  readonly #recovery: PeerRecovery;
  readonly #meetings: PeerMeetings;
  readonly #window: PieceWindow;
  readonly #stored: Set<number>;
  readonly #arrivals: Arrivals;
  readonly #stopListening: Unsubscribe;
  #wanted = 0;
  #pace: Pace | undefined;
  /** webtorrent's own count has the talk of the protocol in it. */
  #receivedBytes = 0;
  #serverBytes = 0;
  #hubBytes = 0;
  /** The tracker has answered. */
  #announced = false;
  #failure: ShoalError | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: ExchangeOptions) {
    const { client, chunks, writer, shard, pieceLength, torrent: file, announce, webSeedUrl, banned } = options;
    const count = pieceCount(shard.sizeBytes, pieceLength);
    this.#options = options;
    this.#stored = new Set(options.stored);
    this.#arrivals = new Arrivals(shard.fileName, (pieces) => this.#has(pieces));
    this.#torrent = client.add(file ?? `magnet:?xt=urn:btih:${shard.infoHash}`, {
      announce,
      bitfield: bitfieldOf(options.stored, count),
      preloadedStore: new IdbChunkStore(chunks, writer, shard.infoHash, pieceLength),
      storeCacheSlots: pieceCount(CACHE_BYTES, pieceLength),
      strategy: 'sequential',
      deselect: true,
      // It takes peers that have a part for complete ones.
      alwaysChokeSeeders: false,
      getAnnounceOpts: () => ({ numwant: wantedPeers(this.#torrent, this.#stored.size === count) }),
    });
    this.#window = new PieceWindow({
      torrent: this.#torrent,
      sizeBytes: shard.sizeBytes,
      pieceLength,
      served: () => this.#server?.up || this.#hub?.active || false,
      gate: options.gate,
    });
    this.#stopListening = options.gate.onTurn(() => this.#server?.wake());
    options.counts.watch(this.#torrent);
    this.#torrent.on('error', (error) => this.#fail(error));
    this.#torrent.on('wire', (wire) => {
      wire.on('piece', (_piece, _offset, { byteLength }) => {
        this.#receivedBytes += byteLength;
      });
    });
    this.#torrent.on('metadata', () => this.#onMetadata(file === undefined));
    this.#torrent.on('ready', () => this.#onReady());
    this.#torrent.on('verified', (piece) => this.#onPiece(piece));
    this.#torrent.on('trackerAnnounce', () => {
      this.#announced = true;
    });
    const onBan = (source: string) =>
      log.warn('TORRENT', `${shard.fileName}: ${source} sent wrong data; it is not asked again and others are.`);
    this.#guard = new SourceGuard({ torrent: this.#torrent, banned, onBan });
    limitPeers(this.#torrent);
    updateEagerly(this.#torrent);
    this.#recovery = new PeerRecovery(this.#torrent);
    const { infoHash, fileName } = shard;
    const { introducer } = options;
    this.#meetings = new PeerMeetings({
      torrent: this.#torrent,
      infoHash,
      fileName,
      peerId: client.peerId,
      introducer,
      createPeer: options.createPeer,
    });
    if (!webSeedUrl || banned.has(webSeedUrl)) return;
    this.#server = new ServerCopy({
      ...{
        url: webSeedUrl,
        authorize: options.authorize,
        shard,
        pieceLength,
        thread: options.thread,
        window: this.#window,
      },
      hashes: () => this.#hashes,
      onFetched: (run) => {
        this.#serverBytes += run.bytes;
        this.#onFetched(webSeedUrl, run);
      },
      onBan: () => {
        banned.add(webSeedUrl);
        onBan(webSeedUrl);
      },
      onError: (error) => this.#fail(error),
    });
  }

  get storedBytes(): number {
    return pieceBytes(this.#stored, this.#options.shard.sizeBytes, this.#options.pieceLength);
  }

  get upBytesPerSecond(): number {
    return this.#torrent.uploadSpeed;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Of these, from the server's copy. */
  get serverBytes(): number {
    return this.#serverBytes;
  }

  /** Of these, from the hub. */
  get hubBytes(): number {
    return this.#hubBytes;
  }

  /** Undefined before it may be needed, and where there is none that may be asked. */
  get hub(): Omit<HubView, 'bytes'> | undefined {
    return this.#hub?.view;
  }

  get sentBytes(): number {
    return this.#torrent.uploaded;
  }

  /** Other tabs. */
  get peers(): number {
    return this.#torrent.wires.length;
  }

  /** @see Transfer.copiedShare */
  get copiedShare(): number {
    const { shard, pieceLength } = this.#options;
    const pieces = Array.from({ length: pieceCount(shard.sizeBytes, pieceLength) }, (_, piece) => piece);
    const shares = this.#torrent.wires.map(
      ({ peerPieces }) => pieces.filter((piece) => peerPieces.get(piece)).length / pieces.length,
    );
    return Math.max(0, ...shares);
  }

  get pieces(): PieceMap {
    const { shard, pieceLength } = this.#options;
    const count = pieceCount(shard.sizeBytes, pieceLength);
    const length = Math.min(MAP_PARTS, count);
    const parts = Array.from({ length }, (_, part) => {
      const [start, end] = [part, part + 1].map((at) => Math.floor((at * count) / length)) as [number, number];
      let stored = 0;
      for (let piece = start; piece < end; piece++) stored += Number(this.#stored.has(piece));
      return Math.round((100 * stored) / (end - start)) / 100;
    });
    return { stored: this.#stored.size, count, parts };
  }

  /** Who delivered what was fetched here. */
  get contributors(): ReadonlySet<string> {
    return this.#guard.contributors;
  }

  /**
   * Fetches the first `pieces` pieces.
   * @throws ShoalError `shard-missing` when nothing comes for `patienceMs`, `aborted`, `storage-full`, `bad-manifest`,
   * `internal`
   */
  async fetch(pieces: number, options: FetchOptions): Promise<void> {
    if (this.#failure) throw this.#failure;
    if (this.#has(pieces)) return;
    const { shard, pieceLength } = this.#options;
    // A part of it is the header: a prompt waits for it.
    if (pieces < pieceCount(shard.sizeBytes, pieceLength)) this.#window.release(pieces);
    if (pieces > this.#wanted) {
      this.#wanted = pieces;
      this.#pace = options.pace;
      this.#hubTimer ??= setTimeout(() => void this.#openHub(), HUB_AFTER_MS);
      if (this.#torrent.ready) this.#beginFetching();
    }
    await this.#arrivals.until(pieces, options);
  }

  /** What is fetched at a pace is fetched as fast as can be from now on. */
  hurry(): void {
    this.#pace = undefined;
    this.#window.hurry();
  }

  /** Announces to the trackers now, and asks the web server again. */
  announce(): void {
    if (this.#torrent.destroyed) return;
    announceNow(this.#torrent);
    this.#server?.connect();
  }

  /** @see MeetingPlace.answer */
  answer(tab: string, offer: PeerDescription): Promise<PeerDescription> {
    return this.#meetings.answer(tab, offer);
  }

  /** Leaves the exchange; what is stored stays. Those who wait see `aborted`. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#arrivals.fail(new ShoalError('aborted', `The exchange of ${this.#options.shard.fileName} was stopped.`));
    this.#stopListening();
    this.#window.close();
    this.#server?.close();
    clearTimeout(this.#hubTimer);
    this.#hub?.close();
    this.#recovery.close();
    this.#meetings.close();
    if (this.#torrent.destroyed) return;
    silenceTrackers(this.#torrent);
    await new Promise<void>((resolve) => this.#torrent.destroy({ destroyStore: false }, resolve));
  }

  #onMetadata(fromPeers: boolean): void {
    const { shard, pieceLength } = this.#options;
    try {
      checkShape(shard, pieceLength, this.#torrent.length, this.#torrent.pieceLength);
    } catch (error) {
      this.#fail(error);
      void this.close();
      return;
    }
    if (fromPeers) this.events.emit('metadata', this.#torrent.torrentFile);
  }

  #onReady(): void {
    const { shard, pieceLength } = this.#options;
    // webtorrent hashes a piece or two of what is stored, and all of it when one of them is wrong.
    this.#stored.clear();
    const all = Array.from({ length: pieceCount(shard.sizeBytes, pieceLength) }, (_, piece) => piece);
    for (const piece of all) if (this.#torrent.bitfield.get(piece)) this.#stored.add(piece);
    if (this.#wholeFrom) this.#onFetched(this.#wholeFrom, { bytes: 0, stored: all, wrong: [] });
    this.#hub?.ready();
    if (this.#wanted > 0) this.#beginFetching();
    this.#arrivals.look();
  }

  #beginFetching(): void {
    this.#window.want(this.#wanted, this.#stored, this.#pace);
    this.#server?.wake();
    void this.#hub?.wake();
  }

  async #openHub(): Promise<void> {
    this.#hubTimer = undefined;
    const { hub, hubRecord: record, shard, pieceLength, thread, chunks, gate, banned } = this.#options;
    if (!hub || this.#hub || this.#has(this.#wanted) || banned.has(sourceHost(hub.source))) return;
    const { HubSource } = await import('./hub-source.ts');
    if (this.#closed) return;
    this.#hub = new HubSource({
      ...{ hub, record, shard, pieceLength, thread, chunks, window: this.#window },
      hashes: () => this.#hashes,
      wantsWhole: () => this.#wanted === pieceCount(shard.sizeBytes, pieceLength) && gate.open && !this.#pace,
      serverGives: () => this.#server?.giving ?? false,
      nobodyKnown: () => this.#announced && this.#torrent._peers.size === 0,
      onFetched: (host, run) => {
        this.#hubBytes += run.bytes;
        this.#onFetched(host, run);
      },
      onAside: (bytes, pieces) => {
        this.#hubBytes += bytes;
        this.#receivedBytes += bytes;
        // As far as a person is told: the torrent counts anew when it knows its pieces.
        this.#stored.clear();
        for (const piece of pieces) this.#stored.add(piece);
        this.#arrivals.look();
      },
      onWhole: (host, torrent) => {
        this.#wholeFrom = host;
        this.events.emit('metadata', torrent);
        void this.#torrent._onMetadata(torrent);
      },
      onError: (error) => this.#fail(error),
    });
    await this.#hub.wake();
  }

  /** SHA-1 of each piece, hexadecimal; undefined as long as no pieces can be taken. */
  get #hashes(): readonly string[] | undefined {
    return this.#torrent.ready && !this.#torrent.destroyed ? this.#torrent._hashes : undefined;
  }

  /** What a server gave is stored: the torrent has it too, and tells other tabs. */
  #onFetched(source: string, { bytes, stored }: FetchedRun): void {
    this.#receivedBytes += bytes;
    const torrent = this.#torrent;
    if (torrent.destroyed) return;
    for (const piece of stored) {
      this.#guard.contributors.add(source);
      if (torrent.bitfield.get(piece)) continue;
      torrent._markVerified(piece);
      for (const wire of torrent.wires) wire.have(piece);
    }
    torrent._checkDone();
  }

  #onPiece(piece: number): void {
    if (!this.#torrent.ready) return;
    this.#stored.add(piece);
    this.#window.stored(piece);
    this.#arrivals.look();
  }

  #has(pieces: number): boolean {
    if (!this.#torrent.ready || this.#stored.size < pieces) return false;
    for (let piece = 0; piece < pieces; piece++) if (!this.#stored.has(piece)) return false;
    return true;
  }

  #fail(thrown: unknown): void {
    this.#failure ??= ShoalError.from(thrown);
    this.#arrivals.fail(this.#failure);
  }
}
