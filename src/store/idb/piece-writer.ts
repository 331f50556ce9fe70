import { ShoalError } from '../../core/errors.ts';
import { countGarbage } from '../../core/garbage.ts';
import type { Piece } from './chunk-database.ts';
import type { StoreThread } from './store-thread.ts';

/**
 * Bytes of one transaction at most. A transaction costs about as much as writing a megabyte: sixteen pieces of 256 KiB
 * in one are stored twice as fast as one by one.
 */
const BATCH_BYTES = 8 * 1024 * 1024;

interface Waiting extends Piece {
  readonly infoHash: string;
  readonly resolve: () => void;
  readonly reject: (error: ShoalError) => void;
}

/** Stores pieces one transaction at a time; what comes during one is gathered for the next. */
export class PieceWriter {
  readonly #thread: StoreThread;
  readonly #onWritten: (bytes: number) => void;
  readonly #waiting: Waiting[] = [];
  #running = false;

  /** @param onWritten - told the bytes of each transaction that is done */
  constructor(thread: StoreThread, onWritten: (bytes: number) => void) {
    this.#thread = thread;
    this.#onWritten = onWritten;
  }

  /** Whether something is still to be stored. */
  get busy(): boolean {
    return this.#running;
  }

  /** @throws ShoalError `storage-full` */
  put(infoHash: string, index: number, bytes: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ infoHash, index, bytes, resolve, reject });
    if (!this.#running) void this.#run();
    return promise;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) await this.#write(this.#nextBatch());
    this.#running = false;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const pieces = batch.map(({ index, bytes }) => ({ index, bytes }));
    const sizeBytes = pieces.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    try {
      await this.#thread.write(batch[0]!.infoHash, pieces);
      this.#onWritten(sizeBytes);
      // Their buffers came from the network, and V8 knows little of such.
      countGarbage(sizeBytes);
      for (const { resolve } of batch) resolve();
    } catch (thrown) {
      const error = ShoalError.from(thrown);
      for (const { reject } of batch) reject(error);
    }
  }

  /** The first that waits, and those of the same shard that follow it. */
  #nextBatch(): Waiting[] {
    const { infoHash } = this.#waiting[0]!;
    let sizeBytes = 0;
    const end = this.#waiting.findIndex((piece, at) => {
      sizeBytes += piece.bytes.byteLength;
      return at > 0 && (piece.infoHash !== infoHash || sizeBytes > BATCH_BYTES);
    });
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
  }
}
