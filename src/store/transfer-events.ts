import { Emitter, type Unsubscribe } from '../core/events.ts';
import type { Transfer } from './shard-store.ts';

/** How often rates are reported, each shard: what a person can follow. */
const INTERVAL_MS = 500;

/** Tells listeners how transfers go on: phases at once, bytes and rates at most twice a second, nothing when idle. */
export class TransferEvents {
  readonly #events = new Emitter<{ transfer: Transfer }>();
  readonly #snapshots: () => Iterable<Transfer>;
  readonly #reported = new Map<string, string>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(snapshots: () => Iterable<Transfer>) {
    this.#snapshots = snapshots;
  }

  on(listener: (transfer: Transfer) => void): Unsubscribe {
    return this.#events.on('transfer', listener);
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      for (const snapshot of this.#snapshots()) this.report(snapshot);
    }, INTERVAL_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Tells listeners, unless they know. */
  report(transfer: Transfer): void {
    const text = JSON.stringify(transfer);
    if (this.#reported.get(transfer.infoHash) === text) return;
    this.#reported.set(transfer.infoHash, text);
    this.#events.emit('transfer', transfer);
  }
}
