import { ShoalError } from '../../core/errors.ts';
import type { RouteStage } from '../../protocol/frames.ts';
import type { CommandClient } from '../frames/command-client.ts';
import { standsStill } from '../stage/device-watch.ts';

/** A lap that takes longer than this is asked after, at every stage, */
const PATIENCE_MS = 1000;
/** where laps take longer by nature, one that takes so many times as long: each question costs a data channel; */
const USUAL_LAPS = 1.5;
const MAX_PATIENCE_MS = 8000;
/** the quickest of so many says what is usual, as one that was held up does not. */
const RECENT_LAPS = 3;
/** It is asked after again after this part of the time that it has taken. */
const AGAIN = 0.25;
/** A stage's page that does not answer within this time, twice, does not work for this lap. */
const ANSWER_TIMEOUT_MS = 1500;
/** What was sent so long ago does not arrive: only what the network's buffers hold is on its way still. */
const WAY_MS = 2000;
/** A stage that holds a task while its device rests has lost it. */
const REST_MS = 1500;
/** Whatever a stage says of itself: longer than this no task is waited for where another stage could have it. */
const MAX_HELD_MS = 15_000;

export interface LapWatchOptions {
  readonly session: string;
  readonly route: readonly RouteStage[];
  readonly commands: Pick<CommandClient, 'send'>;
  /** A stage does not do what it should: it, or the way to it from the one before. */
  readonly onStanding: (standing: Standing) => void;
}

/** Who holds a lap up. */
export interface Standing {
  readonly stage: RouteStage;
  /** Who says that it has sent the task, where it has not come to `stage`; absent for the coordinator. */
  readonly sender?: RouteStage | undefined;
  readonly why: string;
}

interface Answer {
  readonly state: 'unknown' | 'held' | 'passed' | 'silent';
  readonly busyMs: number;
  readonly expectedMs: number;
}

/** Since when a stage has been seen in one state with one task. */
interface Seen {
  readonly task: number;
  readonly state: Answer['state'];
  readonly resting: boolean;
  readonly sinceMs: number;
  readonly times: number;
}

/**
 * Watches the oldest lap that is under way. When it takes long the stages are asked where it is, so that one whose device
 * stands still is found as soon as one that has crashed, and one that is only slow is left in peace.
 */
export class LapWatch {
  readonly #options: LapWatchOptions;
  /** Tasks under way, the oldest first: when each began, and whether it has gone out. */
  readonly #under = new Map<number, { readonly sinceMs: number; sent: boolean }>();
  readonly #seen = new Map<RouteStage, Seen>();
  /** What the last laps took, ms. */
  readonly #lapsMs: number[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LapWatchOptions) {
    this.#options = options;
  }

  begin(task: number): void {
    this.#under.set(task, { sinceMs: performance.now(), sent: false });
    if (this.#under.size === 1) this.#lookIn(this.#patienceMs());
  }

  /** The first stage's channel has taken the task. */
  sent(task: number): void {
    const under = this.#under.get(task);
    if (under) under.sent = true;
  }

  end(task: number): void {
    const under = this.#under.get(task);
    if (under?.sent) this.#lapsMs.push(performance.now() - under.sinceMs);
    if (this.#lapsMs.length > RECENT_LAPS) this.#lapsMs.shift();
    this.#under.delete(task);
    if (this.#under.size === 0) this.#seen.clear();
  }

  close(): void {
    this.#under.clear();
    clearTimeout(this.#timer);
  }

  #patienceMs(): number {
    const usualMs = this.#lapsMs.length < RECENT_LAPS ? 0 : Math.min(...this.#lapsMs);
    return Math.min(Math.max(PATIENCE_MS, USUAL_LAPS * usualMs), MAX_PATIENCE_MS);
  }

  #lookIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), ms);
  }

  async #look(): Promise<void> {
    const oldest = this.#under.entries().next().value;
    if (!oldest) return;
    const [task, { sinceMs, sent }] = oldest;
    const waitedMs = performance.now() - sinceMs;
    const leftMs = this.#patienceMs() - waitedMs;
    if (leftMs > 0) return this.#lookIn(leftMs);
    const answers = await Promise.all(this.#options.route.map((stage) => this.#ask(stage, task)));
    if (!this.#under.has(task)) return this.#lookIn(0);
    this.#judge(task, sent, answers);
    this.#lookIn(AGAIN * waitedMs);
  }

  async #ask({ peerId, layers }: RouteStage, task: number): Promise<Answer> {
    const { commands, session } = this.#options;
    try {
      const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
      const { state, busy_ms, expected_ms } = await commands.send(
        peerId,
        'GET_TASK',
        { session, layers, task },
        signal,
      );
      return { state, busyMs: busy_ms, expectedMs: expected_ms };
    } catch (error) {
      // A stage that has forgotten the session says so when the task comes.
      const state = ShoalError.from(error).code === 'unknown-session' ? 'unknown' : 'silent';
      return { state, busyMs: 0, expectedMs: 0 };
    }
  }

  /** Finds where the task is, and whether it should have left there. */
  #judge(task: number, sent: boolean, answers: readonly Answer[]): void {
    const { route, onStanding } = this.#options;
    const waiting = answers.findIndex(({ state }) => state !== 'passed');
    const place = waiting < 0 ? route.length - 1 : waiting;
    const stage = route[place]!;
    const answer = answers[place]!;
    const { sinceMs, times } = this.#note(stage, task, answer);
    const forMs = performance.now() - sinceMs;
    if (answer.state === 'silent' && times > 1) onStanding({ stage, why: 'it does not say what it does' });
    if (answer.state === 'passed' && forMs > WAY_MS) onStanding({ stage, why: 'its result does not come' });
    if (answer.state === 'unknown' && (sent || place > 0) && forMs > WAY_MS)
      onStanding({ stage, sender: route[place - 1], why: 'a task has not come to it' });
    if (answer.state !== 'held') return;
    if (standsStill(answer)) onStanding({ stage, why: 'its device stands still' });
    else if (forMs > (answer.busyMs === 0 ? REST_MS : MAX_HELD_MS))
      onStanding({ stage, why: `it holds a task for ${Math.round(forMs / 100) / 10} s` });
  }

  #note(stage: RouteStage, task: number, { state, busyMs }: Answer): Seen {
    const before = this.#seen.get(stage);
    const resting = busyMs === 0;
    const same = before?.task === task && before.state === state && before.resting === resting;
    const seen = same
      ? { ...before, times: before.times + 1 }
      : { task, state, resting, sinceMs: performance.now(), times: 1 };
    this.#seen.set(stage, seen);
    return seen;
  }
}
