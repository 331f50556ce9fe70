import { ShoalError } from '../core/errors.ts';
import { log } from '../core/log.ts';
import type { ManifestShard } from '../protocol/manifest.ts';
import type { Fetch } from './fetch-order.ts';
import { importPieces } from './idb/import-pieces.ts';
import { SIBLING_PATIENCE_MS, type SiblingNews } from './idb/sibling-tabs.ts';
import { withSpace } from './idb/storage-space.ts';
import { pieceCount } from './metainfo/pieces.ts';
import { type DownloadParts, ShardDownload } from './shard-download.ts';
import { fetchHeader, readHeader } from './shard-header.ts';
import { type FetchWish, NO_WISH, type ObtainOptions, type ShardOrigin, type Transfer } from './shard-store.ts';
import { SharedTask } from './shared-task.ts';
import type { PeerDescription } from './torrent/peer-introducer.ts';
import { TransferRate } from './transfer-rate.ts';

export interface TransferParts extends DownloadParts {
  /** Called when the phase changes. */
  readonly onPhase: (transfer: ShardTransfer) => void;
  /** Called when a shard that was seeded is gone from the storage. */
  readonly onLost: (shard: ManifestShard) => void;
}

/** One shard in this tab: fetched once, by it or a sibling, and seeded. */
export class ShardTransfer {
  readonly shard: ManifestShard;
  readonly #parts: TransferParts;
  readonly #download: ShardDownload;
  #phase: Transfer['phase'] = 'stopped';
  wish: FetchWish = NO_WISH;
  /** Of stored bytes, while they come. */
  readonly #rate = new TransferRate();
  /** While this tab waits for its turn with the shard: a sibling has told how far it is. */
  #siblingFetches = false;
  /** A sibling deleted what was stored, while this tab fetched. */
  #removed = false;
  #obtaining: SharedTask<void> | undefined;
  #reading: SharedTask<Uint8Array> | undefined;

  constructor(shard: ManifestShard, parts: TransferParts) {
    this.shard = shard;
    this.#parts = parts;
    this.#download = new ShardDownload(shard, parts, (phase) => this.#setPhase(phase));
    parts.siblings.on(shard.infoHash, (news) => this.#hear(news));
  }

  /** Whether it brings bytes itself. */
  get fetching(): boolean {
    return this.#phase === 'downloading' && this.#download.slot.current !== undefined;
  }

  /** As it competes with others for the way in; undefined while it brings nothing itself. */
  get fetch(): Fetch | undefined {
    if (!this.fetching) return undefined;
    const { pace, storedBytes } = this.#download;
    return { infoHash: this.shard.infoHash, paced: pace.current !== undefined, storedBytes, ...this.wish };
  }

  /** Whether it may bring more now. */
  allow(allowed: boolean): void {
    this.#download.slot.gate.open = allowed && !this.wish.paused;
  }

  get seeding(): boolean {
    return this.#phase === 'seeding';
  }

  snapshot(): Transfer {
    const { infoHash, sizeBytes } = this.shard;
    const { storedBytes, slot, check } = this.#download;
    const fetching = this.#phase === 'downloading';
    if (fetching) this.#rate.note(storedBytes, performance.now());
    const bytesPerSecond = (fetching && this.#rate.bytesPerSecond) || 0;
    return {
      infoHash,
      phase: this.#phase,
      storedBytes,
      totalBytes: sizeBytes,
      downBytesPerSecond: Math.round(bytesPerSecond),
      upBytesPerSecond: Math.round(slot.current?.upBytesPerSecond ?? 0),
      receivedBytes: slot.receivedBytes,
      serverBytes: slot.serverBytes,
      hub: slot.hub,
      siblingFetches: fetching && this.#siblingFetches,
      sentBytes: slot.sentBytes,
      peers: slot.current?.peers ?? 0,
      traffic: slot.counts.list(),
      pieces: slot.current?.pieces,
      waits: fetching && !slot.gate.open && !this.wish.paused,
      copiedShare: slot.current?.copiedShare ?? 0,
      secondsLeft: bytesPerSecond > 0 ? (sizeBytes - storedBytes) / bytesPerSecond : undefined,
      verified: check.passed,
    };
  }

  isComplete(): Promise<boolean> {
    return this.#download.isComplete();
  }

  /** @see ShardStore.obtain */
  obtain(origin: ShardOrigin, { signal, pace, checkedOnRead = false }: ObtainOptions): Promise<void> {
    if (!this.#obtaining?.running) {
      this.#download.pace.begin(pace);
      const previous = this.#obtaining?.settled();
      this.#obtaining = new SharedTask(async (taskSignal) => {
        await previous;
        await this.#obtain(origin, checkedOnRead, taskSignal);
      });
    }
    if (!pace) {
      this.#download.hurry();
      this.#parts.siblings.tell({ kind: 'hurry', infoHash: this.shard.infoHash });
    }
    return this.#obtaining.join(signal);
  }

  /** @see ShardStore.obtainHeader */
  obtainHeader(origin: ShardOrigin, signal: AbortSignal | undefined): Promise<Uint8Array> {
    if (!this.#reading?.running) {
      const previous = this.#reading?.settled();
      this.#reading = new SharedTask(async (taskSignal) => {
        await previous;
        return this.#obtainHeader(origin, taskSignal);
      });
    }
    return this.#reading.join(signal);
  }

  /** @see ShardStore.importShard */
  async import(
    read: (offset: number, length: number) => Promise<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { check } = this.#download;
    if (check.passedHere && (await this.isComplete())) return;
    await this.stop();
    const { infoHash, sizeBytes } = this.shard;
    const { chunks, pieceLength, records } = this.#parts;
    const torrent = await withSpace(this.shard, pieceCount(sizeBytes, pieceLength), this.#parts, () =>
      importPieces(this.shard, pieceLength, read, chunks, signal),
    );
    if (torrent) await records.set(infoHash, torrent);
    await check.pass();
    this.#download.storedBytes = sizeBytes;
    this.#parts.onPhase(this);
  }

  announce(): void {
    this.#download.slot.current?.announce();
  }

  /** @see MeetingPlace.answer */
  async answer(tab: string, offer: PeerDescription): Promise<PeerDescription> {
    const exchange = this.#download.slot.current;
    if (!exchange) throw new ShoalError('shard-missing', `${this.shard.fileName} is not exchanged here.`);
    return exchange.answer(tab, offer);
  }

  /** Stops what runs; those who wait see `aborted`. */
  async stop(): Promise<void> {
    this.#obtaining?.abort();
    this.#reading?.abort();
    await Promise.all([this.#obtaining?.settled(), this.#reading?.settled()]);
    await this.#download.leave();
    this.#setPhase('stopped');
  }

  /** What was stored is gone: a sibling has deleted it, or the browser. What is being fetched is fetched anew. */
  async lose(): Promise<void> {
    const wasSeeding = this.seeding;
    this.#removed = true;
    // Who fetches begins again when the exchange is over.
    if (this.#obtaining?.running || this.#reading?.running) await this.#download.leave();
    else await this.stop();
    this.#download.forget();
    if (wasSeeding) this.#parts.onLost(this.shard);
  }

  async remove(): Promise<void> {
    await this.stop();
    await this.#download.discard();
    await this.#parts.records.delete(this.shard.infoHash);
    this.#parts.onPhase(this);
  }

  async #obtain(origin: ShardOrigin, checkedOnRead: boolean, signal: AbortSignal): Promise<void> {
    const download = this.#download;
    if (this.seeding && (await download.isThere(checkedOnRead))) return;
    // It is needed in the end: its code is on its way while the storage is read. Joining says why it does not come.
    this.#parts.connect().catch(() => undefined);
    try {
      while (!(await download.isThere(checkedOnRead))) await this.#fetchInTurn(origin, checkedOnRead, signal);
      await download.slot.join(origin);
    } catch (error) {
      if (!this.#reading?.running) await download.leave();
      this.#setPhase('stopped');
      throw error;
    }
    const { fileName, infoHash } = this.shard;
    log.info('TORRENT', `✓ Seeding primary shard: ${fileName} (hash: ${infoHash})`);
    this.#setPhase('seeding');
  }

  /** Fetches and checks the shard, or has a sibling do so. It may come to nothing where a sibling deletes what is there. */
  async #fetchInTurn(origin: ShardOrigin, checkedOnRead: boolean, signal: AbortSignal): Promise<void> {
    const { siblings } = this.#parts;
    const { infoHash } = this.shard;
    const download = this.#download;
    this.#setPhase((await download.isComplete()) ? 'verifying' : 'downloading');
    const options = {
      signal,
      enough: () => download.isThere(checkedOnRead),
      patienceMs: download.pace.current ? undefined : SIBLING_PATIENCE_MS,
    };
    try {
      await siblings.takeTurn(infoHash, options, async () => {
        this.#removed = false;
        this.#siblingFetches = false;
        if (!(await download.isThere(checkedOnRead))) await download.run(origin, checkedOnRead, signal);
      });
      siblings.tell({ kind: 'checked', infoHash });
    } catch (error) {
      if (!this.#removed || signal.aborted) throw error;
    }
  }

  #hear(news: SiblingNews): void {
    switch (news.kind) {
      case 'progress':
        this.#download.storedBytes = news.storedBytes;
        this.#siblingFetches = true;
        break;
      case 'checked':
        void this.#download.check.pass();
        break;
      case 'removed':
        void this.lose();
        break;
      case 'hurry':
        if (this.#obtaining?.running) this.#download.hurry();
    }
  }

  async #obtainHeader(origin: ShardOrigin, signal: AbortSignal): Promise<Uint8Array> {
    const download = this.#download;
    try {
      return await readHeader(download, this.#parts);
    } catch (error) {
      if (ShoalError.from(error).code !== 'shard-missing') throw error;
    }
    if (!this.#obtaining?.running) this.#setPhase('downloading');
    try {
      await fetchHeader(download, this.#parts, origin, signal);
      return await readHeader(download, this.#parts);
    } finally {
      if (!this.#obtaining?.running && !this.seeding) {
        await download.leave();
        this.#setPhase('stopped');
      }
    }
  }

  #setPhase(phase: Transfer['phase']): void {
    if (this.#phase === phase) return;
    if (phase === 'downloading') this.#rate.reset();
    this.#phase = phase;
    this.#parts.onPhase(this);
  }
}
