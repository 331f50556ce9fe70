import type {
  GeneratedToken,
  GenerationRequest,
  GenerationSummary,
  Generator,
} from '../../src/swarm/coordinator/generation.ts';
import type { TokenTable } from '../../src/tokenizer/index.ts';
import { seededRandom } from '../fixtures/random.ts';

/** Tokens after which the walker looks for an end: what a model babbles is long enough by then. */
const PATIENCE = 40;
/** What brings an end nearer, the nearest first. */
const CLOSING = [/^"/, /^[\]}]/, /^.$/];
/** How often it takes it. */
const HASTE = 0.6;
/** What ends a text that may have any characters, and how often it comes to say so. */
const END_OF_TEXT = '\n</parameter>\n';
const WEARINESS = 0.1;

/** Says whatever the grammar allows, at random: the worst of all models. */
export class GrammarWalker implements Generator {
  readonly requests: GenerationRequest[] = [];
  /** By what they begin with. */
  readonly #closing: readonly (readonly number[])[];
  /** `END_OF_TEXT`, a character each. */
  readonly #end: readonly number[];
  readonly #random: () => number;
  /** What is left of it to be said. */
  #ending: number[] = [];

  /** @param endsTexts - whether there are texts that only `END_OF_TEXT` ends */
  constructor(tokens: TokenTable, seed: number, endsTexts = false) {
    const texts = Array.from({ length: tokens.size }, (_, id) => tokens.decode([id]));
    this.#closing = CLOSING.map((mark) => texts.flatMap((text, id) => (mark.test(text) ? id : [])));
    this.#end = endsTexts ? [...END_OF_TEXT].map((character) => texts.indexOf(character)) : [];
    this.#random = seededRandom(seed);
  }

  async *generate(request: GenerationRequest): AsyncGenerator<GeneratedToken, GenerationSummary> {
    this.requests.push(request);
    const ids: number[] = [];
    const summary = (finishReason: GenerationSummary['finishReason']): GenerationSummary => ({
      ...{ finishReason, promptTokens: request.promptIds.length, reusedTokens: 0 },
      ...{ completionTokens: ids.length, prefillMs: 0, decodeMs: 0 },
    });
    while (ids.length < request.maxTokens) {
      const allowed = await request.constraint!.allowed(ids);
      if (allowed === 'end') return summary('stop');
      const id = this.#choose(allowed, ids.length);
      if (request.stopIds.has(id)) return summary('stop');
      ids.push(id);
      yield { id, logprob: -1, top: [], lap: { totalMs: 1, stages: [] }, positions: 1 };
    }
    return summary('length');
  }

  #choose(allowed: Uint32Array, said: number): number {
    const isAllowed = (id: number) => (allowed[id >> 5]! & (1 << (id % 32))) !== 0;
    const mayEnd = this.#end.length > 0 && this.#ending.length === 0 && said > PATIENCE;
    if (mayEnd && this.#random() < WEARINESS) this.#ending = [...this.#end];
    const [next] = this.#ending;
    if (next !== undefined && isAllowed(next)) return this.#ending.shift()!;
    this.#ending = [];
    const closing = said > PATIENCE ? this.#closing.map((ids) => ids.filter(isAllowed)) : [];
    const nearest = closing.find((ids) => ids.length > 0 && this.#random() < HASTE);
    const choices = nearest ?? closing.findLast((ids) => ids.length > 0) ?? idsOf(allowed);
    return choices[Math.floor(this.#random() * choices.length)]!;
  }
}

/** Ids whose bit is set. */
function idsOf(mask: Uint32Array): number[] {
  const ids: number[] = [];
  for (const [word, bits] of mask.entries())
    for (let bit = 0; bit < 32; bit++) if ((bits >>> bit) & 1) ids.push(word * 32 + bit);
  return ids;
}
