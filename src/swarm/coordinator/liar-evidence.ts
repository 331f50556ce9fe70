import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import { type LayerRange, sameLayers } from '../../core/ranges.ts';
import { shortId } from '../../core/short-id.ts';
import type { CommandParams, CommandResult, SignedRows } from '../../protocol/commands.ts';
import { positionsOf, type TaskFrame, valuesOf } from '../../protocol/frames.ts';
import { MAX_EVIDENCE_TOKENS, MAX_TASK_TOKENS } from '../../protocol/limits.ts';
import { collectRows } from './collect-rows.ts';
import { MAX_DIFFERENCE, rowDifference } from './compare-rows.ts';
import { type Lie, lieText } from './lie.ts';
import type { PipelineDependencies } from './pipeline-dependencies.ts';
import { recompute } from './recompute.ts';

/** What a stage was sent and what it made of it, in its own words: whoever has the layers can see that it lies. */
export interface Evidence {
  readonly signed: SignedRows;
  readonly input: TaskFrame['input'];
  /** `[length, C]` */
  readonly output: Float32Array;
}

export interface LiarEvidenceOptions extends PipelineDependencies {
  /** Whether this tab serves all of these layers. */
  readonly serves: (layers: LayerRange) => boolean;
  /** This tab has seen it by its own computation. */
  readonly onLiar: (peerId: string, lie: Lie) => void;
}

/** Liars whose rows are kept for others; so much of one at most, and for so long. */
const MAX_KEPT = 2;
const MAX_BYTES = 64 * 1024 * 1024;
const KEPT_MS = 10 * 60_000;
/** Tabs that the rows of one liar are shown to, each once: they tell what the prompt was. */
const MAX_SHOWN = 8;
/** Rows in one frame of those that are shown. */
const SHOWN_TOKENS = 64;
const CHECK_TIMEOUT_MS = 60_000;
/** Whose rows are fetched at once: each takes `MAX_BYTES` at most. */
const MAX_REPORTERS = 4;

interface Kept extends Evidence {
  readonly untilMs: number;
  readonly shownTo: Set<string>;
}

/**
 * Shows others what this tab's checks have found, and computes for itself what others show. Nobody is believed: what
 * counts is that the reported node has signed what it was sent and what it gave, and that this tab's runner gives else.
 */
export class LiarEvidence {
  readonly #options: LiarEvidenceOptions;
  #kept: Kept[] = [];
  /** One after the other: each costs as much as a prompt. */
  #computing: Promise<unknown> = Promise.resolve();
  /** Those whose rows are on their way here. */
  readonly #reporters = new Set<string>();

  constructor(options: LiarEvidenceOptions) {
    this.#options = options;
  }

  /** @returns whether it is kept: what is too large to be sent around is not */
  keep(evidence: Evidence): boolean {
    const { input, output } = evidence;
    if (output.byteLength + valuesOf(input).byteLength > MAX_BYTES) return false;
    const kept = { ...evidence, untilMs: performance.now() + KEPT_MS, shownTo: new Set<string>() };
    this.#kept = [...this.#kept, kept].slice(-MAX_KEPT);
    return true;
  }

  /**
   * Sends what is kept to one who has been told of it.
   * @throws ShoalError `unknown-session` when it is not kept any more, or was shown often enough
   */
  async show(
    to: string,
    { session, layers, task, max_tokens }: CommandParams<'SHOW_EVIDENCE'>,
  ): Promise<CommandResult<'SHOW_EVIDENCE'>> {
    this.#kept = this.#kept.filter(({ untilMs }) => performance.now() < untilMs);
    const kept = this.#kept.find(({ signed }) => signed.session === session && sameLayers(signed.layers, layers));
    if (!kept || kept.shownTo.has(to) || kept.shownTo.size >= MAX_SHOWN)
      throw new ShoalError('unknown-session', 'Evidence of this session is not kept any more, or was shown already.');
    kept.shownTo.add(to);
    const { input, output } = kept;
    const send = async (number: number, rows: Float32Array) => {
      const step = Math.min(max_tokens, MAX_TASK_TOKENS) * this.#options.width;
      for (let start = 0; start < rows.length; start += step) {
        const hidden = rows.subarray(start, start + step);
        await this.#options.exchange.deliver(to, {
          kind: 'result',
          session,
          task: number,
          rows: [],
          hidden,
          timings: [],
        });
      }
    };
    if (input.dtype === 'f32') await send(task, input.hidden);
    await send(task + 1, output);
    return input.dtype === 'u32' ? { ids: [...input.ids] } : {};
  }

  /** Somebody says that he can show that a node lies. */
  hear(reporter: string, liar: string, signed: SignedRows): void {
    // One that sends nothing keeps nobody else waiting.
    if (this.#reporters.has(reporter) || this.#reporters.size >= MAX_REPORTERS || !this.#wants(liar, signed)) return;
    this.#reporters.add(reporter);
    this.#check(reporter, liar, signed)
      .catch((error: unknown) => {
        const { message } = ShoalError.from(error);
        log.info('ROUTE', `What ${shortId(reporter)} has of ${shortId(liar)} shows nothing: ${message}`);
      })
      .finally(() => this.#reporters.delete(reporter));
  }

  #wants(liar: string, { layers, length }: SignedRows): boolean {
    const { records, serves, width } = this.#options;
    const bytes = (layers.start === 0 ? 1 : 2) * length * width * Float32Array.BYTES_PER_ELEMENT;
    const isSmall = length > 0 && length <= MAX_EVIDENCE_TOKENS && bytes <= MAX_BYTES;
    return isSmall && !records.rests(liar) && serves(layers);
  }

  async #check(reporter: string, liar: string, signed: SignedRows): Promise<void> {
    const { statements, digest, width, records, onLiar } = this.#options;
    if (!(await statements.isBy(liar, signed)))
      throw new ShoalError('bad-result', 'The reported node has not signed it.');
    const { input, output } = await this.#fetch(reporter, signed, AbortSignal.timeout(CHECK_TIMEOUT_MS));
    const [came, went] = await Promise.all([digest(valuesOf(input)), digest(output)]);
    if (came !== signed.rows_in || went !== signed.rows_out || positionsOf(input, width) !== signed.length)
      throw new ShoalError('bad-result', 'These are not the rows that it has signed.');
    const computed = this.#computing.then(() => this.#compute(liar, signed, input));
    this.#computing = computed.catch(() => undefined);
    const again = await computed;
    if (!again) return;
    const difference = rowDifference(output, again, width);
    if (difference <= MAX_DIFFERENCE) throw new ShoalError('bad-result', 'This tab computes the same.');
    const lie: Lie = { kind: 'shown', reporter, difference };
    records.lied(liar, lieText(lie));
    onLiar(liar, lie);
  }

  /** @returns `[length, C]`; undefined when it is not wanted any more */
  async #compute(liar: string, signed: SignedRows, input: TaskFrame['input']): Promise<Float32Array | undefined> {
    if (!this.#wants(liar, signed)) return undefined;
    return recompute(this.#options, signed.layers, input, AbortSignal.timeout(CHECK_TIMEOUT_MS));
  }

  async #fetch(from: string, signed: SignedRows, signal: AbortSignal): Promise<Pick<Evidence, 'input' | 'output'>> {
    const { exchange, commands, width } = this.#options;
    const { session, layers, length } = signed;
    // Of sessions of this tab's own the tasks have small numbers.
    const task = 2 ** 31;
    const rowsOf = (number: number) => collectRows(exchange, width, { session, task: number, from, length }, signal);
    const [came, went] = [rowsOf(task), rowsOf(task + 1)];
    try {
      await exchange.reach(from, signal);
      const ask = { session, layers, task, max_tokens: SHOWN_TOKENS };
      const { ids } = await commands.send(from, 'SHOW_EVIDENCE', ask, signal);
      const input: TaskFrame['input'] = ids
        ? { dtype: 'u32', ids: Uint32Array.from(ids) }
        : { dtype: 'f32', hidden: (await came.done).hidden };
      return { input, output: (await went.done).hidden };
    } finally {
      came.stop();
      went.stop();
    }
  }
}
