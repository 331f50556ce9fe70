import { PRESENCE_INTERVAL_MS } from '../../protocol/limits.ts';

/** A broken connection of a living member is mended, and the member heard again, within two presences. */
const SUSPICION_MS = 2 * PRESENCE_INTERVAL_MS;
/** What somebody said before it went does not bring it back, however often it is repeated; for so long. */
const REPLAY_MS = 30_000;

interface Entry<T> {
  readonly value: T;
  /** Its connection broke: it may be back with its next presence. */
  readonly suspect: boolean;
  readonly atMs: number;
}

/** Members that went a moment ago, oldest first. */
export class Departed<T> {
  readonly #most: number;
  readonly #entries = new Map<string, Entry<T>>();

  /** @param most - kept at once */
  constructor(most: number) {
    this.#most = most;
  }

  get(peerId: string): T | undefined {
    return this.#entries.get(peerId)?.value;
  }

  add(peerId: string, value: T, suspect: boolean): void {
    this.#entries.delete(peerId);
    this.#entries.set(peerId, { value, suspect, atMs: performance.now() });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#most && oldest !== undefined) this.#entries.delete(oldest);
  }

  delete(peerId: string): void {
    this.#entries.delete(peerId);
  }

  /** Those whose connection broke, while they may be back. */
  suspects(): T[] {
    const oldest = performance.now() - SUSPICION_MS;
    return [...this.#entries.values()]
      .filter(({ suspect, atMs }) => suspect && atMs > oldest)
      .map(({ value }) => value);
  }

  sweep(nowMs: number): void {
    for (const [peerId, { atMs }] of this.#entries) if (nowMs - atMs > REPLAY_MS) this.#entries.delete(peerId);
  }
}
