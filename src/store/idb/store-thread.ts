import { Lazy } from '../../core/lazy.ts';
import type { ManifestShard } from '../../protocol/manifest.ts';
import type { HubRefusal, HubRun } from '../hub/hub-thread.ts';
import { createHasher } from '../metainfo/hasher.ts';
import { RunningHash } from '../metainfo/running-hash.ts';
import { ChunkDatabase, type Piece } from './chunk-database.ts';
import { checkPieces, fetchRange } from './fetch-run.ts';
import { IdbShardReader } from './idb-shard-reader.ts';

export interface HashOptions {
  /** Bytes to read at most before it returns; the next call goes on from there. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

/** Consecutive pieces of a shard to fetch. */
export interface RunToFetch {
  readonly url: string;
  /** The `Authorization` header, where the server asks for one. */
  readonly authorization?: string | undefined;
  readonly shard: ManifestShard;
  readonly pieceLength: number;
  /** Number of the first piece. */
  readonly first: number;
  /** Of each piece, hexadecimal. */
  readonly sha1: readonly string[];
}

/** Numbers of the pieces that came, and are stored or were wrong. */
export interface FetchedRun {
  readonly bytes: number;
  readonly stored: readonly number[];
  readonly wrong: readonly number[];
}

/** What a store does off the page's thread, which carries other people's frames: fetching, writing and hashing. */
export interface StoreThread {
  /**
   * Stores pieces in one transaction.
   * @throws ShoalError `storage-full`
   */
  write(infoHash: string, pieces: readonly Piece[]): Promise<void>;
  /**
   * Fetches pieces from a web server and stores those whose SHA-1 is right.
   * @throws ShoalError `model-unavailable` when the server does not give them, `storage-full`, `aborted`
   */
  fetch(run: RunToFetch, signal: AbortSignal): Promise<FetchedRun>;
  /**
   * As `fetch`, from where the model's whole file lies; pieces that cannot be checked are kept aside. What a hub does
   * instead of giving them is no error of ours.
   * @throws ShoalError `storage-full`, `aborted`
   */
  fetchFromHub(run: HubRun, signal: AbortSignal): Promise<FetchedRun | HubRefusal>;
  /**
   * Has pieces that were kept aside, all of a shard, count as stored if they are the manifest's; otherwise none stays.
   * @returns the `.torrent` that they make
   * @throws ShoalError `shard-missing`, `storage-full`, `aborted`
   */
  takeAside(shard: ManifestShard, pieceLength: number, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /**
   * SHA-256 of a stored shard, hexadecimal; undefined when `maxBytes` were not enough. What was written in order here is
   * hashed already and not read again.
   * @throws ShoalError `shard-missing`, `aborted`
   */
  hash(shard: ManifestShard, pieceLength: number, options?: HashOptions): Promise<string | undefined>;
}

/** Bytes read and hashed at a time: whole pieces of any usual length, and a bounded memory. */
const STEP_BYTES = 4 * 1024 * 1024;

/** Writes and hashes in the thread that calls: for the store's worker. */
export class LocalStoreThread implements StoreThread {
  readonly #chunks: ChunkDatabase;
  /** By info hash, of shards that are being written or hashed. */
  readonly #hashes = new Map<string, RunningHash>();
  /** Its code comes with the first shard that nobody else has. */
  readonly #hub = new Lazy(async () => new (await import('../hub/hub-thread.ts')).HubModels());
  readonly #aside = new Lazy(async () => new (await import('./aside-pieces.ts')).AsidePieces(this.#chunks));

  constructor(chunks: ChunkDatabase = new ChunkDatabase()) {
    this.#chunks = chunks;
  }

  async write(infoHash: string, pieces: readonly Piece[]): Promise<void> {
    const hash = await this.#hashOf(infoHash);
    const written = this.#chunks.putAll(infoHash, pieces);
    for (const { index, bytes } of pieces) {
      // A piece that comes again belongs to another download, whose other pieces may be gone.
      if (!hash.add(index, bytes)) this.#hashes.delete(infoHash);
    }
    try {
      await written;
    } catch (error) {
      this.#hashes.delete(infoHash);
      throw error;
    }
  }

  async fetch(
    { url, authorization, shard, pieceLength, first, sha1 }: RunToFetch,
    signal: AbortSignal,
  ): Promise<FetchedRun> {
    const start = first * pieceLength;
    const end = Math.min(shard.sizeBytes, start + sha1.length * pieceLength);
    const bytes = await fetchRange({ url, authorization, start, end }, signal);
    return this.#take(bytes, { shard, pieceLength, first, sha1 });
  }

  async fetchFromHub(run: HubRun, signal: AbortSignal): Promise<FetchedRun | HubRefusal> {
    const answer = await (await this.#hub.get()).fetch(run, signal);
    if (!(answer instanceof Uint8Array)) return answer;
    const { shard, pieceLength, first, sha1 } = run;
    if (sha1) return this.#take(answer, { shard, pieceLength, first, sha1 });
    const aside = await this.#aside.get();
    const stored = await aside.store(shard.infoHash, pieceLength, first, answer);
    return { bytes: answer.length, stored, wrong: [] };
  }

  async takeAside(shard: ManifestShard, pieceLength: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return (await this.#aside.get()).take(shard, pieceLength, signal);
  }

  /** Stores the pieces among fetched bytes whose SHA-1 is right. */
  async #take(
    bytes: Uint8Array,
    { shard, pieceLength, first, sha1 }: Omit<RunToFetch, 'url' | 'authorization'>,
  ): Promise<FetchedRun> {
    const { right, wrong } = await checkPieces(bytes, pieceLength, first, sha1);
    if (right.length > 0) await this.write(shard.infoHash, right);
    return { bytes: bytes.length, stored: right.map(({ index }) => index), wrong };
  }

  async hash(
    shard: ManifestShard,
    pieceLength: number,
    { maxBytes = Number.POSITIVE_INFINITY, signal }: HashOptions = {},
  ): Promise<string | undefined> {
    const hash = await this.#hashOf(shard.infoHash);
    const reader = new IdbShardReader(shard, pieceLength, { chunks: this.#chunks });
    const step = pieceLength * Math.max(1, Math.floor(STEP_BYTES / pieceLength));
    const into = new Uint8Array(Math.min(step, shard.sizeBytes));
    let left = maxBytes;
    try {
      for (let offset = hash.next * pieceLength; offset < shard.sizeBytes; offset = hash.next * pieceLength) {
        if (left <= 0) return undefined;
        const bytes = await reader.read(offset, Math.min(step, shard.sizeBytes - offset), { signal, into });
        hash.addStored(bytes, pieceLength);
        left -= bytes.length;
      }
    } catch (error) {
      this.#hashes.delete(shard.infoHash);
      throw error;
    } finally {
      reader.close();
    }
    this.#hashes.delete(shard.infoHash);
    return hash.digest();
  }

  async #hashOf(infoHash: string): Promise<RunningHash> {
    const known = this.#hashes.get(infoHash);
    if (known) return known;
    const hasher = await createHasher('sha256');
    // Another call may have made one meanwhile.
    const hash = this.#hashes.get(infoHash) ?? new RunningHash(hasher);
    this.#hashes.set(infoHash, hash);
    return hash;
  }
}
