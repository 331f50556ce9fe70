import { ShoalError } from '../../core/errors.ts';
import { Emitter, type Unsubscribe } from '../../core/events.ts';

/** A sibling that fetches and brings nothing for so long is left to itself: it may hang. */
export const SIBLING_PATIENCE_MS = 30_000;

/** What one tab of this browser tells the others, which share its storage. */
export type SiblingNews =
  /** So much of the shard is stored. */
  | { readonly kind: 'progress'; readonly infoHash: string; readonly storedBytes: number }
  /** The whole of it is stored, and has the SHA-256 of the manifest. */
  | { readonly kind: 'checked'; readonly infoHash: string }
  /** What was stored of it is deleted. */
  | { readonly kind: 'removed'; readonly infoHash: string }
  /** Somebody waits for it: whoever fetches it at a pace is to hurry. */
  | { readonly kind: 'hurry'; readonly infoHash: string };

export interface TurnOptions {
  readonly signal: AbortSignal;
  /** Whether what a sibling has stored is all that is wanted. Asked at every news of the shard. */
  readonly enough: () => Promise<boolean>;
  /** The longest wait for a sibling that says nothing; for ever without. */
  readonly patienceMs: number | undefined;
}

/**
 * The other tabs of this browser that have the same page open. They share one IndexedDB, so one of them fetches a shard,
 * and all have it.
 */
export class SiblingTabs {
  readonly #channel: BroadcastChannel | undefined;
  readonly #locks: LockManager | undefined;
  readonly #events = new Emitter<Record<string, SiblingNews>>();
  /** What this tab tells itself: whoever waits for a turn may have to do with what another job of this tab brings. */
  readonly #own = new Emitter<Record<string, SiblingNews>>();

  /** @param channel - by which they hear of each other; undefined for a tab that shares nothing with others */
  constructor(channel: string | undefined) {
    // Old browsers lack both, and each of their tabs fetches for itself.
    this.#channel = channel && globalThis.BroadcastChannel ? new BroadcastChannel(channel) : undefined;
    this.#locks = channel ? globalThis.navigator?.locks : undefined;
    this.#channel?.addEventListener('message', ({ data }: MessageEvent<SiblingNews>) =>
      this.#events.emit(data.infoHash, data),
    );
  }

  tell(news: SiblingNews): void {
    this.#channel?.postMessage(news);
    this.#own.emit(news.infoHash, news);
  }

  /** Hears what siblings tell of a shard. */
  on(infoHash: string, listener: (news: SiblingNews) => void): Unsubscribe {
    return this.#events.on(infoHash, listener);
  }

  /**
   * Runs `work` when no sibling does its own for the same shard any more, or when that has brought enough, or when
   * nothing is heard of it: two that do the same waste time, and spoil nothing.
   * @throws ShoalError `aborted`, and what `work` throws
   */
  async takeTurn<Result>(infoHash: string, options: TurnOptions, work: () => Promise<Result>): Promise<Result> {
    if (!this.#locks) return work();
    const { signal, enough, patienceMs } = options;
    const waiting = new AbortController();
    const goOn = () => waiting.abort();
    let silence: ReturnType<typeof setTimeout> | undefined;
    const expectNews = () => {
      clearTimeout(silence);
      if (patienceMs) silence = setTimeout(goOn, patienceMs);
    };
    const hear = ({ kind }: SiblingNews) => {
      if (kind === 'hurry') return;
      expectNews();
      enough().then((is) => is && goOn(), goOn);
    };
    const stopListening = [this.#events, this.#own].map((events) => events.on(infoHash, hear));
    const endWait = () => {
      clearTimeout(silence);
      for (const stop of stopListening) stop();
    };
    expectNews();
    let mine = false;
    try {
      return await this.#locks.request(
        lockName(infoHash),
        { signal: AbortSignal.any([signal, waiting.signal]) },
        () => {
          mine = true;
          endWait();
          return work();
        },
      );
    } catch (error) {
      if (mine) throw error;
      if (signal.aborted) throw new ShoalError('aborted', 'The download was cancelled.');
    } finally {
      endWait();
    }
    return work();
  }

  /** Runs `work` unless a sibling has a turn with the shard, or waits for one. */
  async ifIdle(infoHash: string, work: () => Promise<void>): Promise<void> {
    if (!this.#locks) return work();
    await this.#locks.request(lockName(infoHash), { ifAvailable: true }, async (lock) => {
      if (lock) await work();
    });
  }

  close(): void {
    this.#channel?.close();
  }
}

function lockName(infoHash: string): string {
  return `shoal-store-${infoHash}`;
}
