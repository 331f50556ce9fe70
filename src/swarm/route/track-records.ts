import { log } from '../../core/log.ts';
import { shortId } from '../../core/short-id.ts';

/** A node that has failed is left alone for so long, twice as long each further time, up to the last. */
const FIRST_REST_MS = 10_000;
const MAX_REST_MS = 10 * 60_000;
/** A lie is as bad as so many failures. */
const LIAR_FAILURES = 16;
/** Failures of nodes that nobody knew make the next less likely to be tried: so many at most, and half of them in this time. */
const MAX_STRANGERS_FAILED = 8;
const STRANGERS_HALF_LIFE_MS = 30_000;
/** Checks in a row that a node may leave without an answer, until each further one is a failure. */
const MAX_WITHHELD = 2;
/** So many good laps make up for one failure. */
const LAPS_PER_FAILURE = 32;
/** What may happen to anybody happens to nobody twice in this time. */
const EXCUSE_MS = 60_000;
/** One running mean over about this many laps. */
const SMOOTHING = 0.2;
/** Nodes remembered; those seen longest ago are forgotten. */
const MAX_RECORDS = 4096;

interface TrackRecord {
  failures: number;
  /** Until when routes go around it, `performance.now()`. */
  restsUntilMs: number;
  laps: number;
  /** One layer of one position, ms; 0 until the first. */
  layerMs: number;
  /** Whom it has accused. */
  accused: string | undefined;
  /** Checks that found it good, and when the last was, `Date.now()`. */
  passed: number;
  checkedAtMs: number | undefined;
  /** Checks in a row that it did not answer. */
  withheld: number;
  /** When it last did what may happen to anybody, `performance.now()`. */
  excusedAtMs: number;
}

/**
 * What this tab has seen itself of the nodes that its sessions ran through: how fast they are, and whether they fail.
 * Nothing that anybody says of himself or of others gets in.
 */
export class TrackRecords {
  /** By peer; the newest last. */
  readonly #records = new Map<string, TrackRecord>();
  /** Failures of nodes that had never done a lap, fewer as time passes and as others do well. */
  #strangersFailed = 0;
  #strangerFailedAtMs = 0;
  #failures = 0;

  /** A node of a lap of one position has done its layers. @param layerMs - of each, what was not explained among it */
  done(peerId: string, layerMs: number): void {
    const record = this.#record(peerId);
    if (record.laps === 0) this.#strangersFailed = Math.max(0, this.strangersFailed - 1);
    record.laps++;
    record.layerMs += (record.layerMs === 0 ? 1 : SMOOTHING) * (layerMs - record.layerMs);
    if (record.failures > 0 && record.laps % LAPS_PER_FAILURE === 0) record.failures--;
  }

  /** A node did not do what it should have. @param why - for the log */
  fail(peerId: string, why: string): void {
    const record = this.#record(peerId);
    if (record.laps === 0) {
      this.#strangersFailed = Math.min(MAX_STRANGERS_FAILED, this.strangersFailed + 1);
      this.#strangerFailedAtMs = performance.now();
    }
    this.#failures++;
    record.failures++;
    const restMs = Math.min(MAX_REST_MS, FIRST_REST_MS * 2 ** (record.failures - 1));
    record.restsUntilMs = performance.now() + restMs;
    log.warn('ROUTE', `Routes go around ${shortId(peerId)} for ${restMs / 1000} s: ${why}`);
  }

  /** Another node has computed the same. */
  passed(peerId: string): void {
    const record = this.#record(peerId);
    record.passed++;
    record.withheld = 0;
    record.checkedAtMs = Date.now();
  }

  /** A node has computed, sent or shown what is not so: it is left alone for as long as can be. */
  lied(peerId: string, why: string): void {
    const record = this.#record(peerId);
    record.passed = 0;
    record.checkedAtMs = Date.now();
    record.failures = Math.max(record.failures, LIAR_FAILURES);
    this.fail(peerId, why);
  }

  /**
   * A node is there and does not show what it was asked for: it may have lost it, once.
   * @returns whether it counts as a failure
   */
  withheld(peerId: string, why: string): boolean {
    const record = this.#record(peerId);
    record.withheld++;
    if (record.withheld < MAX_WITHHELD) return false;
    this.fail(peerId, why);
    return true;
  }

  /** Checks that found it good, since one did not, and when the last was. */
  audits(peerId: string): { readonly passed: number; readonly checkedAtMs: number | undefined } {
    const { passed = 0, checkedAtMs } = this.#records.get(peerId) ?? {};
    return { passed, checkedAtMs };
  }

  /**
   * A node did what may happen to anybody once: it has forgotten a session, or lost its device.
   * @returns whether it is too often, and counts as a failure
   */
  excuse(peerId: string, why: string): boolean {
    const record = this.#record(peerId);
    const again = performance.now() - record.excusedAtMs < EXCUSE_MS;
    record.excusedAtMs = performance.now();
    if (again) this.fail(peerId, why);
    return again;
  }

  /**
   * One node says that another did not take what it sent, or sent what cannot be. Either may lie: it counts against the
   * accused, unless the accuser has accused somebody else before.
   * @returns whom it counts against
   */
  dispute(accuser: string, accused: string): string {
    const record = this.#record(accuser);
    if (record.accused !== undefined && record.accused !== accused) return accuser;
    record.accused = accused;
    return accused;
  }

  /** Failures so far, of all. */
  get failures(): number {
    return this.#failures;
  }

  /** Layers a second that this tab has measured; undefined before the first lap. */
  layersPerSecond(peerId: string): number | undefined {
    const layerMs = this.#records.get(peerId)?.layerMs ?? 0;
    return layerMs > 0 ? 1000 / layerMs : undefined;
  }

  /** How many nodes that nothing was known of have failed of late: the next one may as well. */
  get strangersFailed(): number {
    const halvings = (performance.now() - this.#strangerFailedAtMs) / STRANGERS_HALF_LIFE_MS;
    return this.#strangersFailed * 0.5 ** halvings;
  }

  /** Whether routes go around it at the moment. */
  rests(peerId: string): boolean {
    return (this.#records.get(peerId)?.restsUntilMs ?? 0) > performance.now();
  }

  #record(peerId: string): TrackRecord {
    const fresh = {
      ...{ failures: 0, restsUntilMs: 0, laps: 0, layerMs: 0 },
      ...{ passed: 0, checkedAtMs: undefined, withheld: 0, accused: undefined, excusedAtMs: Number.NEGATIVE_INFINITY },
    };
    const record = this.#records.get(peerId) ?? fresh;
    this.#records.delete(peerId);
    this.#records.set(peerId, record);
    if (this.#records.size > MAX_RECORDS) this.#records.delete(this.#records.keys().next().value!);
    return record;
  }
}
