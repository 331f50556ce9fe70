import type { Unsubscribe } from '../core/events.ts';
import type { ManifestShard } from '../protocol/manifest.ts';
import type { HubTrouble } from './hub/hub-trouble.ts';

/** Which of the shards that are fetched at the same time comes before the others. */
export type FetchPriority = 'first' | 'normal' | 'last';
/** In this order. */
export const FETCH_RANKS: Readonly<Record<FetchPriority, number>> = { first: 0, normal: 1, last: 2 };

/** What a person wants of a shard's download. */
export interface FetchWish {
  /** Nothing more is fetched; what is stored stays, is shared, and serves where it is whole. */
  readonly paused: boolean;
  readonly priority: FetchPriority;
}

export const NO_WISH: FetchWish = { paused: false, priority: 'normal' };

/** What another tab has sent of a shard and got of it, bytes, since the page was opened. */
export interface PeerTraffic {
  /** Its `ShardStore.exchangeId`, as it says itself. */
  readonly exchangeId: string;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly connected: boolean;
}

/** Which pieces of a shard are stored. */
export interface PieceMap {
  readonly stored: number;
  readonly count: number;
  /** Of each of up to 64 equal parts of the shard, as much as is stored: 0 to 1. */
  readonly parts: readonly number[];
}

/** A hub that has the model's whole file, as a source of one shard. */
export interface HubView {
  /** E.g. `huggingface.co`. */
  readonly host: string;
  /** Of the shard, that it has given since the page was opened. */
  readonly bytes: number;
  /**
   * `idle`: it is not needed. `off`: the owner does not let this tab ask it. `resting`: it is asked again later.
   * `refused`: it is not asked any more.
   */
  readonly state: 'idle' | 'off' | 'fetching' | 'resting' | 'refused';
  /** Why it rests, or is not asked any more. */
  readonly trouble: HubTrouble | undefined;
}

/** Where a shard's bytes are with respect to this tab. */
export interface Transfer {
  readonly infoHash: string;
  readonly phase: 'downloading' | 'verifying' | 'seeding' | 'stopped';
  /** Bytes stored (of pieces whose SHA-1 is right). */
  readonly storedBytes: number;
  readonly totalBytes: number;
  readonly downBytesPerSecond: number;
  readonly upBytesPerSecond: number;
  /** Bytes of this shard that crossed the network since the page opened, wrong ones among them. */
  readonly receivedBytes: number;
  /** Of these, what the server's copy brought; the rest came from other tabs, and the hub. */
  readonly serverBytes: number;
  /** Undefined where the manifest names none that may be asked. */
  readonly hub: HubView | undefined;
  /** Another tab of this browser fetches it at the moment, into the storage that they share. */
  readonly siblingFetches: boolean;
  readonly sentBytes: number;
  readonly peers: number;
  /** By other tabs, those with most bytes first. */
  readonly traffic: readonly PeerTraffic[];
  /** Undefined while the shard is not exchanged. */
  readonly pieces: PieceMap | undefined;
  /** It is fetched later: another one goes before. */
  readonly waits: boolean;
  /** Of the shard, as much as the other tab has that has the most, as far as this tab is connected to it: 0 to 1. */
  readonly copiedShare: number;
  /** Seconds left at the rate of the last fifteen seconds; undefined while that cannot be told. */
  readonly secondsLeft: number | undefined;
  /** SHA-256 was checked against the manifest: in this page's life, or before, and then each piece is as it is read. */
  readonly verified: boolean;
}

export interface SeededFile {
  readonly infoHash: string;
  readonly fileName: string;
  readonly sizeBytes: number;
}

/** Where a store finds what the manifest does not hold. */
export interface ShardOrigin {
  readonly shard: ManifestShard;
  /** Bytes of the `.torrent`, when somebody has them; otherwise peers are asked for the metadata. */
  fetchTorrent(signal?: AbortSignal): Promise<Uint8Array | undefined>;
}

/** When a download that others go before may fetch more. */
export interface Pace {
  /** Resolves when so many bytes more may be fetched. @throws when the signal fires */
  next(bytes: number, signal: AbortSignal): Promise<void>;
}

export interface ObtainOptions {
  readonly signal?: AbortSignal;
  /** Asked before every few bytes, also of what is only read and hashed; as fast as can be without. */
  readonly pace?: Pace;
  /** Pieces are checked when they are read. */
  readonly checkedOnRead?: boolean;
}

/**
 * Keeps shards (IndexedDB) and exchanges them with other tabs (BitTorrent). Reading for the engine happens in the
 * worker (`ShardReader`), never through this object.
 */
export interface ShardStore {
  /** What other tabs know this one by when they exchange shards, 40 hexadecimal digits; empty where none are exchanged. */
  readonly exchangeId: string;
  /** Whether every piece is stored, without hashing anything. */
  isComplete(shard: ManifestShard): Promise<boolean>;
  /** Bytes of the pieces that are not stored. */
  missingBytes(shard: ManifestShard): Promise<number>;
  /**
   * Fetches what is missing from peers and the web seed, checks SHA-256, seeds. `checkedOnRead`: the caller reads with a
   * reader that checks every piece, so what was hashed in an earlier page's life is not hashed again. A reader that
   * throws `hash-mismatch` then calls for another `obtain`, without it. A complete, verified shard moves no
   * byte and is only seeded. Data that fails a hash is fetched again elsewhere and its source is dropped.
   * @throws ShoalError `hash-mismatch` when no source gave the right bytes, `storage-full`, `aborted`
   */
  obtain(origin: ShardOrigin, options: ObtainOptions): Promise<void>;
  /**
   * The file's first `headerBytes` only: what a guest needs for the tokenizer.
   * @throws ShoalError `shard-missing` when no source has it, `aborted`
   */
  obtainHeader(origin: ShardOrigin, options: { readonly signal?: AbortSignal }): Promise<Uint8Array>;
  /** Puts a file's bytes in (a dropped file's shard) and checks them. */
  importShard(
    shard: ManifestShard,
    read: (offset: number, length: number) => Promise<Uint8Array>,
    options: { readonly signal?: AbortSignal },
  ): Promise<void>;
  /** Complete shards offered to other tabs now. */
  seeded(): SeededFile[];
  transfers(): Transfer[];
  onTransfer(listener: (transfer: Transfer) => void): Unsubscribe;
  /** Told of a shard that was seeded and is gone: another tab of this browser has deleted it, or the browser. */
  onLost(listener: (shard: ManifestShard) => void): Unsubscribe;
  /** Stops exchanging a shard; its bytes stay. */
  stop(infoHash: string): Promise<void>;
  /** Stops and deletes the bytes. */
  remove(shard: ManifestShard): Promise<void>;
  /** Deletes what is stored of a shard that is not whole, unless another tab of this browser is fetching it. */
  discardPart(shard: ManifestShard): Promise<void>;
  /** Pauses the download of a shard, goes on with it, or puts it before others. The header that a prompt needs comes all the same. */
  wish(shard: ManifestShard, wish: FetchWish): void;
  /** The introduction server came back: announce now rather than in minutes. */
  announce(): void;
  /** At most so many bytes a second go to other tabs; as many as go when undefined. */
  limitUploads(bytesPerSecond: number | undefined): void;
  usage(): Promise<{ readonly usedBytes: number; readonly quotaBytes: number }>;
  /** What may still be stored, as the browser says now; infinite where it does not. */
  freeBytes(): Promise<number>;
  close(): Promise<void>;
}

/** Random access to one stored shard, in whichever thread. */
export interface ShardReader {
  readonly shard: ManifestShard;
  /**
   * @returns the bytes, at the beginning of `into` or in a buffer of their own, which is the caller's
   * @throws ShoalError `shard-missing` when the range is not stored, `hash-mismatch` when what is stored went wrong
   */
  read(offset: number, length: number, options?: ReadOptions): Promise<Uint8Array<ArrayBuffer>>;
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Takes the bytes, so that nothing is allocated: half the time of reading a shard goes into fresh memory. */
  readonly into?: Uint8Array<ArrayBuffer>;
}
