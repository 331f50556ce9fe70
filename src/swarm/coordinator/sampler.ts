import { ShoalError } from '../../core/errors.ts';
import type { CandidateRequest, Candidates } from '../../protocol/frames.ts';
import { MAX_CANDIDATES, MAX_WANTED_IDS } from '../../protocol/limits.ts';
import type { SamplingOptions, TokenLogprob } from './generation.ts';
import { seededRandom } from './seeded-random.ts';

/** Greedy and unchanged: the model's own first choice at every step. */
export const DEFAULT_SAMPLING: SamplingOptions = {
  temperature: 0,
  topP: 1,
  topK: 0,
  minP: 0,
  presencePenalty: 0,
  frequencyPenalty: 0,
  repetitionPenalty: 1,
  logitBias: new Map(),
  seed: undefined,
};

/** A candidate and its logit after bias and penalties. */
interface Choice {
  readonly id: number;
  readonly logit: number;
}

/** A token as it was drawn. */
export interface SampledToken extends TokenLogprob {
  /** The most likely tokens of the model's own distribution, before bias, penalties and temperature. */
  readonly top: readonly TokenLogprob[];
}

/**
 * Picks tokens from candidates, one answer long; every pick counts for the penalties of the next. In this order: bias,
 * penalties, temperature, top-k, top-p, min-p, one draw. Probabilities are taken over the candidates that were sent.
 */
export class Sampler {
  readonly #options: SamplingOptions;
  readonly #prompt: ReadonlySet<number>;
  /** How often each token was generated; the latest last. */
  readonly #counts = new Map<number, number>();
  readonly #random: () => number;
  /** Of the step that was asked for last. */
  #mask: Uint32Array | undefined;

  /**
   * @param promptIds - what `repetitionPenalty` looks back on besides the answer
   * @throws ShoalError `limit-exceeded` for more biased ids than a task may name
   */
  constructor(options: SamplingOptions, promptIds: readonly number[]) {
    if (options.logitBias.size > MAX_WANTED_IDS) {
      throw new ShoalError(
        'limit-exceeded',
        `The logit bias names ${options.logitBias.size} tokens, at most ${MAX_WANTED_IDS} are possible.`,
      );
    }
    this.#options = options;
    this.#prompt = new Set(promptIds);
    this.#random = seededRandom(options.seed);
  }

  /**
   * What the next step must ask of the last stage.
   * @param mask - the tokens that are allowed in it, as `CandidateRequest` has them; all when absent
   */
  candidateRequest(topLogprobs: number, mask?: Uint32Array): CandidateRequest {
    this.#mask = mask;
    const { temperature, topK } = this.#options;
    const enough = temperature === 0 ? 1 : topK || MAX_CANDIDATES;
    const count = Math.min(MAX_CANDIDATES, this.#changesLogits ? MAX_CANDIDATES : Math.max(enough, topLogprobs));
    return { rows: 'last', count, wantedIds: Uint32Array.from(this.#raisedIds()), ...(mask ? { mask } : {}) };
  }

  /**
   * @param candidates - the answer to this step's `candidateRequest`
   * @param topLogprobs - alternatives to report
   */
  sample(candidates: Candidates, topLogprobs: number): SampledToken {
    const logits = this.#logitsById(candidates);
    const { id } = this.#draw([...logits].map(([id, logit]) => ({ id, logit: this.#adjust(id, logit) })));
    this.#count(id);
    const logprob = (of: number): number => logits.get(of)! - candidates.logSumExp;
    const top = [...candidates.ids.subarray(0, topLogprobs)].map((other) => ({ id: other, logprob: logprob(other) }));
    return { id, logprob: logprob(id), top };
  }

  get #changesLogits(): boolean {
    const { logitBias, presencePenalty, frequencyPenalty, repetitionPenalty } = this.#options;
    return logitBias.size > 0 || presencePenalty !== 0 || frequencyPenalty !== 0 || repetitionPenalty !== 1;
  }

  /** Ids that bias or negative penalties may lift among the candidates: their logits are needed wherever they rank. */
  #raisedIds(): Set<number> {
    const { logitBias, presencePenalty, frequencyPenalty, repetitionPenalty } = this.#options;
    const ids = new Set<number>();
    for (const [id, bias] of logitBias) if (bias > 0 && this.#isAllowed(id)) ids.add(id);
    const said: number[] = [];
    if (repetitionPenalty < 1) said.push(...this.#prompt);
    if (repetitionPenalty < 1 || presencePenalty < 0 || frequencyPenalty < 0) said.push(...this.#counts.keys());
    // More than fit: the latest matter most.
    for (const id of said.reverse()) if (ids.size < MAX_WANTED_IDS && this.#isAllowed(id)) ids.add(id);
    return ids;
  }

  #isAllowed(id: number): boolean {
    return !this.#mask || ((this.#mask[id >> 5] ?? 0) & (1 << (id % 32))) !== 0;
  }

  #logitsById({ ids, logits, wantedLogits }: Candidates): Map<number, number> {
    const byId = new Map<number, number>();
    for (const [place, id] of ids.entries()) byId.set(id, logits[place]!);
    let place = 0;
    for (const id of this.#raisedIds()) byId.set(id, wantedLogits[place++]!);
    return byId;
  }

  #adjust(id: number, logit: number): number {
    const { logitBias, presencePenalty, frequencyPenalty, repetitionPenalty } = this.#options;
    const count = this.#counts.get(id) ?? 0;
    let adjusted = logit + (logitBias.get(id) ?? 0);
    if (count > 0 || this.#prompt.has(id)) {
      adjusted = adjusted > 0 ? adjusted / repetitionPenalty : adjusted * repetitionPenalty;
    }
    if (count > 0) adjusted -= presencePenalty + frequencyPenalty * count;
    return adjusted;
  }

  #draw(choices: Choice[]): Choice {
    const { temperature, topK, topP, minP } = this.#options;
    choices.sort((a, b) => b.logit - a.logit || a.id - b.id);
    const best = choices[0]!;
    if (temperature === 0) return best;
    const kept = topK > 0 ? choices.slice(0, topK) : choices;
    const weights = kept.map(({ logit }) => Math.exp((logit - best.logit) / temperature));
    const nucleus = topP * sum(weights);
    let mass = 0;
    let size = 0;
    while (size < weights.length && (size === 0 || mass < nucleus)) mass += weights[size++]!;
    // The likeliest weighs 1.
    while (size > 1 && weights[size - 1]! < minP) mass -= weights[--size]!;
    let left = this.#random() * mass;
    for (let place = 0; place < size; place++) {
      left -= weights[place]!;
      if (left < 0) return kept[place]!;
    }
    return kept[size - 1]!;
  }

  #count(id: number): void {
    const count = this.#counts.get(id) ?? 0;
    this.#counts.delete(id);
    this.#counts.set(id, count + 1);
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
