import { ShoalError } from '../core/errors.ts';
import type { LayerRange } from '../core/ranges.ts';
import { MAX_SESSIONS, MAX_SESSIONS_PER_PEER } from '../protocol/limits.ts';

/** A session that rests for so long gives its KV pages back; a coordinator that returns replays it. */
const IDLE_MS = 15 * 60_000;
/** So does one whose coordinator has gone: its tab is closed, or would have opened a new channel at once. */
const ABANDONED_MS = 30_000;

/** A session that this node holds KV pages for. */
export interface StageSession {
  readonly id: string;
  readonly coordinator: string;
  readonly layers: LayerRange;
  /** Tasks of one session run in the order of their arrival. */
  tail: Promise<void>;
  usedAtMs: number;
  /** Since when its coordinator is not connected. */
  abandonedAtMs: number | undefined;
  /** Tasks before this one are void: the coordinator has rolled back since it sent them. */
  firstTask: number;
  /** When its tasks were last logged. */
  loggedAtMs: number;
}

/** The sessions open on this node: whose they are, how many there may be, and when one is over. */
export class StageSessions {
  readonly #sessions = new Map<string, StageSession>();

  get size(): number {
    return this.#sessions.size;
  }

  /** @throws ShoalError `bad-request`, `limit-exceeded` */
  checkRoom(coordinator: string, id: string): void {
    if (this.#sessions.has(id)) throw new ShoalError('bad-request', `Session ${id} is open already.`);
    const own = this.#of(coordinator).length;
    if (own < MAX_SESSIONS_PER_PEER && this.size < MAX_SESSIONS) return;
    throw new ShoalError(
      'limit-exceeded',
      `This node holds ${own} sessions of yours (at most ${MAX_SESSIONS_PER_PEER}) and ${this.size} in all (at most ${MAX_SESSIONS}). Close one, or choose another node.`,
    );
  }

  add(id: string, coordinator: string, layers: LayerRange): void {
    const fresh = { tail: Promise.resolve(), usedAtMs: Date.now(), abandonedAtMs: undefined, firstTask: 0 };
    this.#sessions.set(id, { id, coordinator, layers, ...fresh, loggedAtMs: Number.NEGATIVE_INFINITY });
  }

  /**
   * The session, which thereby counts as used. Somebody else's is as unknown as none: its id tells nothing.
   * @throws ShoalError `unknown-session`
   */
  use(coordinator: string, id: string): StageSession {
    const session = this.#sessions.get(id);
    if (session?.coordinator !== coordinator) {
      throw new ShoalError('unknown-session', `Session ${id} is not open here; open it and send its tokens again.`);
    }
    session.usedAtMs = Date.now();
    session.abandonedAtMs = undefined;
    return session;
  }

  /** @returns whether it was there, and the coordinator's */
  delete(coordinator: string, id: string): boolean {
    return this.#sessions.get(id)?.coordinator === coordinator && this.#sessions.delete(id);
  }

  clear(): void {
    this.#sessions.clear();
  }

  /** The coordinator is not connected any more. */
  abandon(coordinator: string): void {
    for (const session of this.#of(coordinator)) session.abandonedAtMs ??= Date.now();
  }

  /** Those whose time is over. */
  expired(nowMs: number): StageSession[] {
    return [...this.#sessions.values()].filter(
      ({ usedAtMs, abandonedAtMs = nowMs }) => nowMs - usedAtMs > IDLE_MS || nowMs - abandonedAtMs > ABANDONED_MS,
    );
  }

  #of(coordinator: string): StageSession[] {
    return [...this.#sessions.values()].filter((session) => session.coordinator === coordinator);
  }
}
