import type { ErrorCode, WireError } from '../../core/errors.ts';
import type { RouteStage } from '../../protocol/frames.ts';
import type { Standing } from './lap-watch.ts';
import type { PipelineDependencies } from './pipeline-dependencies.ts';

/** What may happen to a stage that is there and means well: it can stay, unless it happens again. */
const EXCUSED: ReadonlySet<ErrorCode> = new Set([
  'bad-request',
  'gpu-lost',
  'peer-gone',
  'shard-not-loaded',
  'unknown-session',
]);

/** Says whose fault it is when a lap does not come round, and writes it down. This tab itself is never blamed. */
export class Blame {
  readonly #deps: Pick<PipelineDependencies, 'exchange' | 'records' | 'routes'>;

  constructor(deps: Pick<PipelineDependencies, 'exchange' | 'records' | 'routes'>) {
    this.#deps = deps;
  }

  /** The stage that a lap is to go around; undefined where nobody else has its layers, so that it is waited for. */
  forStanding({ stage, sender, why }: Standing): RouteStage | undefined {
    const { records, routes } = this.#deps;
    const blamed = sender ? records.dispute(sender.peerId, stage.peerId) : stage.peerId;
    const lost = blamed === stage.peerId ? stage : sender!;
    if (!routes.hasSpare(new Set([blamed]), lost.layers)) return undefined;
    return this.fail(blamed, why) ? lost : undefined;
  }

  /** The node that the route is to go around because of what a stage says went wrong; undefined when it can stay. */
  forError(stage: RouteStage, before: RouteStage | undefined, { code, message }: WireError): string | undefined {
    const { records, exchange } = this.#deps;
    if (code === 'busy') return undefined;
    const blamed = code === 'bad-input' && before ? records.dispute(stage.peerId, before.peerId) : stage.peerId;
    if (blamed === exchange.peerId) return undefined;
    if (EXCUSED.has(code)) return records.excuse(blamed, message) ? blamed : undefined;
    return this.fail(blamed, message) ? blamed : undefined;
  }

  /** @returns whether it counts */
  fail(peerId: string, why: string): boolean {
    if (peerId === this.#deps.exchange.peerId) return false;
    this.#deps.records.fail(peerId, why);
    return true;
  }
}
