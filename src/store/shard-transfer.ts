import { ShoalError } from '../core/errors.ts';
import { collectAllGarbage } from '../core/garbage.ts';
import { log } from '../core/log.ts';
import type { ManifestShard } from '../protocol/manifest.ts';
import { IdbShardReader } from './idb-shard-reader.ts';
import { importPieces } from './import-pieces.ts';
import { type ExchangeParts, openExchange } from './open-exchange.ts';
import type { PeerDescription } from './peer-introducer.ts';
import { pieceCount } from './pieces.ts';
import { type CheckParts, ShardCheck } from './shard-check.ts';
import type { ShardExchange } from './shard-exchange.ts';
import type { ObtainOptions, Pace, ShardOrigin, Transfer } from './shard-store.ts';
import { SharedTask } from './shared-task.ts';
import { askToPersist, type SpaceParts, withSpace } from './storage-space.ts';
import { TransferRate } from './transfer-rate.ts';

/**
 * Time without a new piece after which nobody has a shard's header, or after which nobody else has a shard whose bytes
 * were wrong: connecting to a peer takes up to 25 s.
 */
const PATIENCE_MS = 45_000;

export interface TransferParts extends ExchangeParts, CheckParts, SpaceParts {
  /** Called when the phase changes. */
  readonly onPhase: (transfer: ShardTransfer) => void;
}

/** One shard in this tab: stored, fetched, checked, seeded. */
export class ShardTransfer {
  readonly shard: ManifestShard;
  readonly #parts: TransferParts;
  readonly #pieces: number;
  readonly #banned = new Set<string>();
  readonly #check: ShardCheck;
  #phase: Transfer['phase'] = 'stopped';
  #storedBytes = 0;
  /** Of exchanges that are over. */
  #receivedBytes = 0;
  #sentBytes = 0;
  #joining: Promise<ShardExchange> | undefined;
  #exchange: ShardExchange | undefined;
  /** Of stored bytes, while they come. */
  readonly #rate = new TransferRate();
  #pace: Pace | undefined;
  #obtaining: SharedTask<void> | undefined;
  #reading: SharedTask<Uint8Array> | undefined;

  constructor(shard: ManifestShard, parts: TransferParts) {
    this.shard = shard;
    this.#parts = parts;
    this.#check = new ShardCheck(shard, parts);
    this.#pieces = pieceCount(shard.sizeBytes, parts.pieceLength);
  }

  get seeding(): boolean {
    return this.#phase === 'seeding';
  }

  snapshot(): Transfer {
    const { infoHash, sizeBytes } = this.shard;
    const exchange = this.#exchange;
    const storedBytes = exchange?.storedBytes ?? this.#storedBytes;
    const fetching = this.#phase === 'downloading';
    if (fetching) this.#rate.note(storedBytes, performance.now());
    const bytesPerSecond = (fetching && this.#rate.bytesPerSecond) || 0;
    return {
      infoHash,
      phase: this.#phase,
      storedBytes,
      totalBytes: sizeBytes,
      downBytesPerSecond: Math.round(bytesPerSecond),
      upBytesPerSecond: Math.round(exchange?.upBytesPerSecond ?? 0),
      receivedBytes: this.#receivedBytes + (exchange?.receivedBytes ?? 0),
      sentBytes: this.#sentBytes + (exchange?.sentBytes ?? 0),
      peers: exchange?.peers ?? 0,
      secondsLeft: bytesPerSecond > 0 ? (sizeBytes - storedBytes) / bytesPerSecond : undefined,
      verified: this.#check.passed,
    };
  }

  async isComplete(): Promise<boolean> {
    const count = await this.#parts.chunks.count(this.shard.infoHash);
    this.#storedBytes = Math.min(count * this.#parts.pieceLength, this.shard.sizeBytes);
    return count === this.#pieces;
  }

  /** @see ShardStore.obtain */
  obtain(origin: ShardOrigin, { signal, pace, checkedOnRead = false }: ObtainOptions): Promise<void> {
    if (!this.#obtaining?.running) {
      this.#pace = pace;
      const previous = this.#obtaining?.settled();
      this.#obtaining = new SharedTask(async (taskSignal) => {
        await previous;
        await this.#obtain(origin, checkedOnRead, taskSignal);
      });
    }
    if (!pace) this.#hurry();
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
    if (this.#check.passedHere && (await this.isComplete())) return;
    await this.stop();
    const { infoHash } = this.shard;
    const { chunks, pieceLength, records } = this.#parts;
    const torrent = await withSpace(this.shard, this.#pieces, this.#parts, () =>
      importPieces(this.shard, pieceLength, read, chunks, signal),
    );
    if (torrent) await records.set(infoHash, torrent);
    await this.#check.pass();
    this.#storedBytes = this.shard.sizeBytes;
    this.#parts.onPhase(this);
  }

  announce(): void {
    this.#exchange?.announce();
  }

  /** @see MeetingPlace.answer */
  async answer(tab: string, offer: PeerDescription): Promise<PeerDescription> {
    if (!this.#exchange) throw new ShoalError('shard-missing', `${this.shard.fileName} is not exchanged here.`);
    return this.#exchange.answer(tab, offer);
  }

  /** Stops what runs; those who wait see `aborted`. */
  async stop(): Promise<void> {
    this.#obtaining?.abort();
    this.#reading?.abort();
    await Promise.all([this.#obtaining?.settled(), this.#reading?.settled()]);
    await this.#leave();
    this.#setPhase('stopped');
  }

  async remove(): Promise<void> {
    await this.stop();
    await this.#discard();
    await this.#parts.records.delete(this.shard.infoHash);
    this.#parts.onPhase(this);
  }

  async #obtain(origin: ShardOrigin, checkedOnRead: boolean, signal: AbortSignal): Promise<void> {
    const enough = checkedOnRead ? this.#check.passed : this.#check.passedHere;
    if (this.seeding && enough && (await this.isComplete())) return;
    // It is needed in the end: its code is on its way while the storage is read. Joining says why it does not come.
    this.#parts.connect().catch(() => undefined);
    try {
      await this.#fetchAndVerify(origin, checkedOnRead, signal);
      await this.#join(origin);
    } catch (error) {
      if (!this.#reading?.running) await this.#leave();
      this.#setPhase('stopped');
      throw error;
    }
    const { fileName, infoHash } = this.shard;
    log.info('TORRENT', `✓ Seeding primary shard: ${fileName} (hash: ${infoHash})`);
    this.#setPhase('seeding');
  }

  /** Somebody waits for the shard from now on. */
  #hurry(): void {
    this.#pace = undefined;
    this.#exchange?.hurry();
  }

  async #fetchAndVerify(origin: ShardOrigin, checkedOnRead: boolean, signal: AbortSignal): Promise<void> {
    const { fileName } = this.shard;
    await this.#fetchAll(origin, signal, undefined);
    if ((checkedOnRead && (await this.#check.passedBefore())) || (await this.#verify(signal))) return;
    log.warn('TORRENT', `${fileName}: the stored bytes have a wrong SHA-256; fetching them again.`);
    const suspects = [...(this.#exchange?.contributors ?? [])];
    await this.#discard();
    for (const source of suspects) this.#banned.add(source);
    try {
      await this.#fetchAll(origin, signal, PATIENCE_MS);
      if (await this.#verify(signal)) return;
      await this.#discard();
    } catch (error) {
      if (ShoalError.from(error).code !== 'shard-missing') throw error;
    } finally {
      // They are suspects only: another try, when somebody asks for it, may begin with them.
      for (const source of suspects) this.#banned.delete(source);
    }
    throw new ShoalError(
      'hash-mismatch',
      `${fileName}: no source gave bytes with the SHA-256 of the manifest. Ask for a fresh invite link, or whoever published the model to split it again.`,
    );
  }

  async #fetchAll(origin: ShardOrigin, signal: AbortSignal, patienceMs: number | undefined): Promise<void> {
    if (await this.isComplete()) return;
    void askToPersist();
    this.#check.void();
    this.#rate.reset();
    this.#setPhase('downloading');
    await withSpace(this.shard, this.#pieces, this.#parts, async () => {
      const exchange = await this.#join(origin);
      await exchange.fetch(this.#pieces, { signal, patienceMs, pace: this.#pace });
    });
    // Blocks, streams and what they hang on.
    collectAllGarbage();
  }

  async #verify(signal: AbortSignal): Promise<boolean> {
    if (this.#check.passedHere) return true;
    this.#setPhase('verifying');
    return this.#check.run(signal, () => this.#pace);
  }

  async #obtainHeader(origin: ShardOrigin, signal: AbortSignal): Promise<Uint8Array> {
    const { headerBytes } = this.shard;
    const { chunks, pieceLength } = this.#parts;
    const stored = async () => {
      const reader = new IdbShardReader(this.shard, pieceLength, { chunks });
      return reader.read(0, headerBytes).finally(() => reader.close());
    };
    try {
      return await stored();
    } catch (error) {
      if (ShoalError.from(error).code !== 'shard-missing') throw error;
    }
    const pieces = pieceCount(headerBytes, pieceLength);
    if (!this.#obtaining?.running) this.#setPhase('downloading');
    try {
      await withSpace(this.shard, pieces, this.#parts, async () => {
        const exchange = await this.#join(origin);
        await exchange.fetch(pieces, { signal, patienceMs: PATIENCE_MS });
      });
      return await stored();
    } finally {
      if (!this.#obtaining?.running && !this.seeding) {
        await this.#leave();
        this.#setPhase('stopped');
      }
    }
  }

  async #join(origin: ShardOrigin): Promise<ShardExchange> {
    this.#joining ??= openExchange(origin, this.#parts, this.#banned);
    try {
      this.#exchange = await this.#joining;
      return this.#exchange;
    } catch (error) {
      this.#joining = undefined;
      throw error;
    }
  }

  async #leave(): Promise<void> {
    const exchange = await this.#joining?.catch(() => undefined);
    this.#joining = undefined;
    this.#exchange = undefined;
    if (!exchange) return;
    this.#storedBytes = exchange.storedBytes;
    this.#receivedBytes += exchange.receivedBytes;
    this.#sentBytes += exchange.sentBytes;
    await exchange.close();
  }

  async #discard(): Promise<void> {
    await this.#leave();
    await this.#parts.records.forgetSha256(this.shard.infoHash);
    await this.#parts.chunks.delete(this.shard.infoHash);
    this.#parts.meter.forget();
    this.#check.void();
    this.#storedBytes = 0;
  }

  #setPhase(phase: Transfer['phase']): void {
    if (this.#phase === phase) return;
    this.#phase = phase;
    this.#parts.onPhase(this);
  }
}
