import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import { formatLayers } from '../../core/ranges.ts';
import { shortId } from '../../core/short-id.ts';
import type { RouteStage } from '../../protocol/frames.ts';
import { type Answered, type AuditResult, type AuditSubject, auditStage } from './audit.ts';
import { MAX_DIFFERENCE } from './compare-rows.ts';
import type { Pipeline } from './pipeline.ts';
import type { PipelineDependencies } from './pipeline-dependencies.ts';
import type { RouteEvent } from './route-event.ts';

/** A node's first answers are all checked; */
const FIRST_ANSWERS = 5;
/** later ones by a coin that nobody else sees: the more were good, the fewer, but never fewer than this part. */
const LEAST_RATE = 0.02;
/** Positions of a session beyond which a check costs more than it is worth. */
const MAX_POSITIONS = 2048;

/** Has others compute again, by chance, what the stages of this tab's answers have computed. */
export class Auditor {
  readonly #deps: PipelineDependencies;
  readonly #tell: (event: RouteEvent) => void;

  /** @param tell - who was found to lie */
  constructor(deps: PipelineDependencies, tell: (event: RouteEvent) => void) {
    this.#deps = deps;
    this.#tell = tell;
  }

  /** Which stages of an answer the coin says are to be checked, and can be; by their places in the route. */
  choose({ pipeline }: Answered): number[] {
    const { exchange, routes, wire } = this.#deps;
    // What was rounded on its way is not the same on another.
    if (pipeline.broken || pipeline.confirmed > MAX_POSITIONS || (wire?.() ?? 'f32') !== 'f32') return [];
    return [...pipeline.route.keys()].filter((place) => {
      const { peerId, layers } = pipeline.route[place]!;
      if (peerId === exchange.peerId || routes.holders(layers, peerId).length === 0) return false;
      return secretRandom() < this.#rate(peerId);
    });
  }

  /** Checks these stages. One that was found to lie is out of the route when it is done. */
  async check({ pipeline, ids, given }: Answered, places: readonly number[], signal: AbortSignal): Promise<void> {
    for (const place of places) {
      if (signal.aborted || pipeline.broken) return;
      const stage = pipeline.route[place]!;
      try {
        await this.#checkStage({ pipeline, place, ids: ids.slice(0, pipeline.confirmed), given }, signal);
      } catch (error) {
        log.info('ROUTE', `Layers ${formatLayers(stage.layers)} were not checked: ${ShoalError.from(error).message}`);
      }
    }
  }

  #rate(peerId: string): number {
    const { passed } = this.#deps.records.audits(peerId);
    return passed < FIRST_ANSWERS ? 1 : Math.max(LEAST_RATE, 1 / (1 + passed));
  }

  async #checkStage(subject: AuditSubject, signal: AbortSignal): Promise<void> {
    const { records, routes } = this.#deps;
    const stage = subject.pipeline.route[subject.place]!;
    const [second, third] = routes.holders(stage.layers, stage.peerId);
    if (!second) return;
    const result = await auditStage(this.#deps, subject, second, signal);
    if (result.kind !== 'compared') {
      const liar = result.kind === 'link' ? records.dispute(result.receiver, result.sender) : result.peerId;
      this.#expel(subject.pipeline, liar, wordsOf(result));
      return;
    }
    if (result.difference <= MAX_DIFFERENCE) {
      records.passed(stage.peerId);
      return;
    }
    const why = `Layers ${formatLayers(stage.layers)}: ${shortId(second)} computes otherwise, by ${result.difference.toPrecision(2)}.`;
    log.warn('ROUTE', why);
    this.#expel(subject.pipeline, await this.#decide(subject, stage, second, third, signal), why);
  }

  /** Which of two that differ a third agrees with less; this tab itself is always right. */
  async #decide(
    subject: AuditSubject,
    stage: RouteStage,
    second: string,
    third: string | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { exchange } = this.#deps;
    if (second === exchange.peerId) return stage.peerId;
    if (!third) return undefined;
    const result = await auditStage(this.#deps, subject, third, signal);
    if (result.kind !== 'compared') return undefined;
    return result.difference <= MAX_DIFFERENCE ? second : stage.peerId;
  }

  #expel(pipeline: Pipeline, peerId: string | undefined, why: string): void {
    if (peerId === undefined || peerId === this.#deps.exchange.peerId) return;
    this.#deps.records.lied(peerId, why);
    this.#tell({ kind: 'expelled', peerId, why });
    pipeline.expel(peerId);
  }
}

function wordsOf(result: Exclude<AuditResult, { kind: 'compared' }>): string {
  if (result.kind === 'false-rows') return 'it shows other rows than it has sent.';
  return `${shortId(result.sender)} has not sent what ${shortId(result.receiver)} says that came.`;
}

/** In `[0, 1)`, as nobody can foretell it. */
function secretRandom(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32;
}
