import { ShoalError } from '../../core/errors.ts';
import { MAX_SESSIONS, MAX_SESSIONS_PER_PEER, MAX_WAITING_SESSIONS } from '../../protocol/limits.ts';

/** Whoever waits asks again every two seconds at most; one that has not for so long has gone elsewhere. */
const PATIENCE_MS = 5000;
/** What a session takes until one has been measured: an answer of a few sentences. */
const FIRST_GUESS_MS = 10_000;
/** An answer's laps come several times a second; after so long somebody reads, and pays a replay for the next question. */
const REST_MS = 10_000;
/** One running mean over about this many sessions. */
const SMOOTHING = 0.2;

export interface AdmissionLimits {
  /** Places of sessions at this node. */
  readonly sessions: number;
  /** Of one coordinator, those that wait among them. */
  readonly sessionsPerPeer: number;
  /** Where others wait, a session that rests for so long gives its place up. */
  readonly restMs: number;
}

/** Who asks for a place. */
export interface Applicant {
  readonly coordinator: string;
  /** The same when it asks again. */
  readonly name: string;
  /** Which of the coordinator's openings it is: the later has the higher number. */
  readonly opening: number;
}

/** Places that are taken. */
export interface Taken {
  readonly all: number;
  /** By the coordinator that asks. */
  readonly own: number;
}

/** Who may have the next place for a session at this node: whoever has waited longest. */
export class Admission {
  readonly limits: AdmissionLimits;
  /** Who waits, by name, the first in front. */
  readonly #waiting = new Map<string, Applicant & { readonly askedAtMs: number }>();
  #meanMs = FIRST_GUESS_MS;

  constructor(limits: Partial<AdmissionLimits> = {}) {
    this.limits = { sessions: MAX_SESSIONS, sessionsPerPeer: MAX_SESSIONS_PER_PEER, restMs: REST_MS, ...limits };
  }

  /** Whether all places are taken or promised to those who wait. */
  isFull(taken: number, nowMs: number): boolean {
    this.#forgetGone(nowMs);
    return taken + this.#waiting.size >= this.limits.sessions;
  }

  /**
   * Lets a session in, or has it wait.
   * @throws ShoalError `busy` with its place in the queue
   */
  enter(applicant: Applicant, taken: Taken, nowMs: number): void {
    const { coordinator, name, opening } = applicant;
    const { sessions, sessionsPerPeer } = this.limits;
    this.#forgetGone(nowMs);
    // Its own sessions stand in its way, so it must not stand in the way of others.
    const own = taken.own + this.#waitingOf(coordinator, name);
    if (own >= sessionsPerPeer) {
      this.leave(name, opening);
      throw this.#busy(
        `${own} sessions of yours are at this node or wait for it, and no more may for one coordinator`,
        1,
      );
    }
    if (!this.#waiting.has(name) && this.#waiting.size >= MAX_WAITING_SESSIONS)
      throw this.#busy(`${this.#waiting.size} sessions wait for a place at this node already`, this.#waiting.size + 1);
    this.#waiting.set(name, { ...applicant, askedAtMs: nowMs });
    const place = [...this.#waiting.keys()].indexOf(name) + 1 - (sessions - taken.all);
    if (place > 0) throw this.#busy(`All ${sessions} places of this node are taken`, place);
    this.#waiting.delete(name);
  }

  /**
   * Those whose names begin so do not wait any more.
   * @param last - later openings wait on; none does when absent
   */
  leave(beginning: string, last = Number.POSITIVE_INFINITY): void {
    for (const { name, opening } of [...this.#waiting.values()])
      if (name.startsWith(beginning) && opening <= last) this.#waiting.delete(name);
  }

  /** A place was given back that had been used for so long. */
  released(usedMs: number): void {
    this.#meanMs += SMOOTHING * (usedMs - this.#meanMs);
  }

  #waitingOf(coordinator: string, except: string): number {
    return [...this.#waiting].filter(([name, other]) => name !== except && other.coordinator === coordinator).length;
  }

  #forgetGone(nowMs: number): void {
    for (const [name, { askedAtMs }] of this.#waiting) if (nowMs - askedAtMs > PATIENCE_MS) this.#waiting.delete(name);
  }

  #busy(why: string, place: number): ShoalError {
    const seconds = (place * this.#meanMs) / this.limits.sessions / 1000;
    const queue = { place, seconds };
    return new ShoalError('busy', `${why}. Your place is ${place}, about ${Math.ceil(seconds)} s.`, { queue });
  }
}
