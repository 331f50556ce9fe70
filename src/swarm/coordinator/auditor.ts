import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import { formatLayers } from '../../core/ranges.ts';
import { shortId } from '../../core/short-id.ts';
import type { SignedRows } from '../../protocol/commands.ts';
import {
  type Answered,
  type AuditResult,
  type AuditSubject,
  auditStage,
  checkedLength,
  inputOf,
  type ShownRows,
  Withheld,
} from './audit.ts';
import { MAX_DIFFERENCE } from './compare-rows.ts';
import type { LiarEvidence } from './liar-evidence.ts';
import type { LiarReports } from './liar-reports.ts';
import { type Lie, lieText } from './lie.ts';
import type { PipelineDependencies } from './pipeline-dependencies.ts';

/** A node's first answers are all checked; */
const FIRST_ANSWERS = 5;
/** later ones by a coin that nobody else sees: the more were good, the fewer, but never fewer than this part. */
const LEAST_RATE = 0.02;

/** Holders of a stage's layers that are asked to compute again, until one does. */
const MAX_HOLDERS_ASKED = 3;

/** A stage of an answer that is to be checked. */
export interface Chosen {
  /** Of the stage in the route. */
  readonly place: number;
  /** Others with its layers, the best first. */
  readonly holders: readonly string[];
}

/** What one holder's replay has shown, and who may replay after it. */
interface Replay {
  readonly result: AuditResult;
  readonly holder: string;
  readonly others: readonly string[];
}

export interface AuditorOptions extends PipelineDependencies {
  readonly reports: Pick<LiarReports, 'take' | 'tell'>;
  readonly evidence: () => Promise<Pick<LiarEvidence, 'keep'>>;
  /** No route of this tab goes through it from now on. */
  readonly leaveOut: (peerId: string, lie: Lie) => void;
}

/** Has others compute again, by chance, what the stages of this tab's answers have computed. */
export class Auditor {
  readonly #deps: AuditorOptions;

  constructor(options: AuditorOptions) {
    this.#deps = options;
  }

  /** The stages of an answer that the coin, or a report, says are to be checked, and that can be. */
  choose({ pipeline, given }: Answered): Chosen[] {
    const { exchange, routes, wire, width } = this.#deps;
    const rounded = (wire?.() ?? 'f32') !== 'f32';
    if (pipeline.broken || !pipeline.hashes || rounded) return [];
    const length = checkedLength(pipeline, width);
    const candidatesGiven = [...given.keys()].some((position) => position < length);
    const chosen: Chosen[] = [];
    for (const [place, { peerId, layers }] of pipeline.route.entries()) {
      if (peerId === exchange.peerId) continue;
      if (place === pipeline.route.length - 1 && !candidatesGiven) continue;
      const lucky = secretRandom() >= this.#rate(peerId);
      if (lucky && !this.#deps.reports.take(peerId)) continue;
      const holders = routes.holders(layers, peerId);
      if (holders.length > 0) chosen.push({ place, holders });
    }
    return chosen;
  }

  /** Checks these stages. One that was found to lie is out of the route when it is done. */
  async check({ pipeline, ids, given }: Answered, chosen: readonly Chosen[], signal: AbortSignal): Promise<void> {
    for (const { place, holders } of chosen) {
      if (signal.aborted || pipeline.broken) return;
      const stage = pipeline.route[place]!;
      try {
        await this.#checkStage({ pipeline, place, ids: ids.slice(0, pipeline.confirmed), given }, holders, signal);
      } catch (error) {
        const { message } = ShoalError.from(error);
        log.info('ROUTE', `Layers ${formatLayers(stage.layers)} were not checked: ${message}`);
        if (error instanceof Withheld && this.#deps.records.withheld(error.peerId, message))
          this.#deps.leaveOut(error.peerId, { kind: 'withholds' });
      }
    }
  }

  #rate(peerId: string): number {
    const { passed } = this.#deps.records.audits(peerId);
    return passed < FIRST_ANSWERS ? 1 : Math.max(LEAST_RATE, 1 / (1 + passed));
  }

  async #checkStage(subject: AuditSubject, holders: readonly string[], signal: AbortSignal): Promise<void> {
    const { records } = this.#deps;
    const { pipeline, place } = subject;
    const stage = pipeline.route[place]!;
    const replay = await this.#replay(subject, holders, signal);
    if (!replay) return;
    const { result, holder } = replay;
    if (result.kind === 'link') {
      // Either may lie, so nobody else is told.
      this.#expel(records.dispute(result.receiver, result.sender), result);
    } else if (result.kind === 'false-rows') {
      this.#expelAndTell(result.peerId, { kind: 'false-rows' });
    } else if (result.difference <= MAX_DIFFERENCE) {
      records.passed(stage.peerId);
    } else {
      const lie: Lie = { kind: 'otherwise', layers: stage.layers, holder, difference: result.difference };
      log.warn('ROUTE', lieText(lie));
      const liar = await this.#decide(subject, replay, signal);
      const evidence = liar === stage.peerId ? await this.#keepEvidence(subject, result.shown, signal) : undefined;
      this.#expelAndTell(liar, lie, evidence);
    }
  }

  /** Which of two that differ a third agrees with less; this tab itself is always right. */
  async #decide(
    subject: AuditSubject,
    { holder: second, others }: Replay,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { peerId } = subject.pipeline.route[subject.place]!;
    if (second === this.#deps.exchange.peerId) return peerId;
    const third = await this.#replay(subject, others, signal);
    if (third?.result.kind === 'false-rows') return third.result.peerId;
    if (third?.result.kind !== 'compared') return undefined;
    return third.result.difference <= MAX_DIFFERENCE ? second : peerId;
  }

  /** By the first of the holders that does it; undefined when none does. */
  async #replay(subject: AuditSubject, holders: readonly string[], signal: AbortSignal): Promise<Replay | undefined> {
    for (const [index, holder] of holders.slice(0, MAX_HOLDERS_ASKED).entries()) {
      try {
        const result = await auditStage(this.#deps, subject, holder, signal);
        return { result, holder, others: holders.slice(index + 1) };
      } catch (error) {
        const fromAnother = error instanceof Withheld && error.peerId !== holder;
        if (signal.aborted || fromAnother) throw error;
        log.info('ROUTE', `${shortId(holder)} did not compute again: ${ShoalError.from(error).message}`);
      }
    }
    return undefined;
  }

  /** Keeps what shows others that the stage lies. @returns what it has signed; undefined where that cannot be had */
  async #keepEvidence(
    subject: AuditSubject,
    shown: ShownRows | undefined,
    signal: AbortSignal,
  ): Promise<SignedRows | undefined> {
    if (!shown) return undefined;
    const { signed, output } = shown;
    try {
      const input = await inputOf(this.#deps, subject, signed, signal);
      return (await this.#deps.evidence()).keep({ signed, input, output }) ? signed : undefined;
    } catch (error) {
      log.info('ROUTE', `Nobody can be shown what was found: ${ShoalError.from(error).message}`);
      return undefined;
    }
  }

  #expelAndTell(peerId: string | undefined, lie: Lie, evidence?: SignedRows): void {
    if (this.#expel(peerId, lie)) this.#deps.reports.tell(peerId!, evidence);
  }

  /** @returns whether it is left out: this tab itself is not */
  #expel(peerId: string | undefined, lie: Lie): boolean {
    if (peerId === undefined || peerId === this.#deps.exchange.peerId) return false;
    this.#deps.records.lied(peerId, lieText(lie));
    this.#deps.leaveOut(peerId, lie);
    return true;
  }
}

/** In `[0, 1)`, as nobody can foretell it. */
function secretRandom(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32;
}
