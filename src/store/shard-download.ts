import { ShoalError } from '../core/errors.ts';
import { collectAllGarbage } from '../core/garbage.ts';
import { log } from '../core/log.ts';
import type { ManifestShard } from '../protocol/manifest.ts';
import { HurriedPace } from './hurried-pace.ts';
import { asideOf } from './idb/chunk-database.ts';
import { type CheckParts, ShardCheck } from './idb/shard-check.ts';
import { askToPersist, type SpaceParts, withSpace } from './idb/storage-space.ts';
import { pieceCount } from './metainfo/pieces.ts';
import type { ShardOrigin, Transfer } from './shard-store.ts';
import { ExchangeSlot } from './torrent/exchange-slot.ts';
import type { ExchangeParts } from './torrent/open-exchange.ts';

/**
 * Time without a new piece after which nobody has a shard's header, or after which nobody else has a shard whose bytes
 * were wrong: connecting to a peer takes up to 25 s.
 */
export const PATIENCE_MS = 45_000;

export type DownloadParts = ExchangeParts & CheckParts & SpaceParts;

/** A shard's bytes in this browser: fetched, checked as a whole, and fetched again where they are wrong. */
export class ShardDownload {
  readonly shard: ManifestShard;
  readonly check: ShardCheck;
  readonly slot: ExchangeSlot;
  /** Asked before every few bytes. */
  readonly pace = new HurriedPace();
  readonly #parts: DownloadParts;
  readonly #pieces: number;
  readonly #setPhase: (phase: Transfer['phase']) => void;
  #storedBytes = 0;

  constructor(shard: ManifestShard, parts: DownloadParts, setPhase: (phase: Transfer['phase']) => void) {
    this.shard = shard;
    this.check = new ShardCheck(shard, parts);
    this.slot = new ExchangeSlot(parts);
    this.#parts = parts;
    this.#pieces = pieceCount(shard.sizeBytes, parts.pieceLength);
    this.#setPhase = setPhase;
  }

  /** As far as is known without asking the storage. */
  get storedBytes(): number {
    return this.slot.current?.storedBytes ?? this.#storedBytes;
  }

  /** Takes what another tab knows. */
  set storedBytes(bytes: number) {
    this.#storedBytes = bytes;
  }

  async isComplete(): Promise<boolean> {
    const count = await this.#parts.chunks.count(this.shard.infoHash);
    this.#storedBytes = Math.min(count * this.#parts.pieceLength, this.shard.sizeBytes);
    return count === this.#pieces;
  }

  /** Whether the shard needs nothing more than an exchange. @param checkedOnRead - a check before this page is enough */
  async isThere(checkedOnRead: boolean): Promise<boolean> {
    if (!(await this.isComplete())) return false;
    return checkedOnRead ? this.check.passedBefore() : this.check.passedHere;
  }

  /** Somebody waits for the shard from now on. */
  hurry(): void {
    this.pace.hurry();
    this.slot.current?.hurry();
  }

  /** @throws ShoalError `hash-mismatch`, `storage-full`, `aborted` */
  async run(origin: ShardOrigin, checkedOnRead: boolean, signal: AbortSignal): Promise<void> {
    const { fileName } = this.shard;
    const { banned } = this.slot;
    await this.#fetchAll(origin, signal, undefined);
    if ((checkedOnRead && (await this.check.passedBefore())) || (await this.#verify(signal))) return;
    log.warn('TORRENT', `${fileName}: the stored bytes have a wrong SHA-256; fetching them again.`);
    const suspects = [...(this.slot.current?.contributors ?? [])];
    await this.discard();
    for (const source of suspects) banned.add(source);
    try {
      await this.#fetchAll(origin, signal, PATIENCE_MS);
      if (await this.#verify(signal)) return;
      await this.discard();
    } catch (error) {
      if (ShoalError.from(error).code !== 'shard-missing') throw error;
    } finally {
      // They are suspects only: another try, when somebody asks for it, may begin with them.
      for (const source of suspects) banned.delete(source);
    }
    throw new ShoalError(
      'hash-mismatch',
      `${fileName}: no source gave bytes with the SHA-256 of the manifest. Ask for a fresh invite link, or whoever published the model to split it again.`,
    );
  }

  /** Fetches the first `pieces` pieces. @throws ShoalError `shard-missing` when nobody has them, `storage-full`, `aborted` */
  async fetch(origin: ShardOrigin, pieces: number, signal: AbortSignal, patienceMs: number | undefined): Promise<void> {
    await withSpace(this.shard, pieces, this.#parts, async () => {
      const exchange = await this.slot.join(origin);
      await exchange.fetch(pieces, { signal, patienceMs, pace: this.pace.current });
    });
  }

  async leave(): Promise<void> {
    this.#storedBytes = (await this.slot.leave()) ?? this.#storedBytes;
  }

  /** Deletes what is stored. */
  async discard(): Promise<void> {
    const { infoHash } = this.shard;
    await this.leave();
    await this.#parts.records.forgetSha256(infoHash);
    await this.#parts.chunks.delete(infoHash);
    await this.#deleteAside();
    this.forget();
    this.#parts.siblings.tell({ kind: 'removed', infoHash });
  }

  /** What was stored is gone. */
  forget(): void {
    this.#parts.meter.forget();
    this.check.void();
    this.#storedBytes = 0;
  }

  async #fetchAll(origin: ShardOrigin, signal: AbortSignal, patienceMs: number | undefined): Promise<void> {
    if (await this.isComplete()) return;
    void askToPersist();
    this.check.void();
    this.#setPhase('downloading');
    await this.fetch(origin, this.#pieces, signal, patienceMs);
    await this.#deleteAside();
    // Blocks, streams and what they hang on.
    collectAllGarbage();
  }

  /** Of no use any more, where there are any. */
  async #deleteAside(): Promise<void> {
    await this.#parts.chunks.delete(asideOf(this.shard.infoHash));
  }

  async #verify(signal: AbortSignal): Promise<boolean> {
    if (this.check.passedHere) return true;
    this.#setPhase('verifying');
    const right = await this.check.run(signal, this.pace);
    // A hub that it came from has been worth its bytes.
    if (right) this.slot.hubRecord.askedBytes = 0;
    return right;
  }
}
