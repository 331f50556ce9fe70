import { type Signal, signal } from '@preact/signals';
import type { GeneratedToken } from '../../swarm/coordinator/generation.ts';
import type { TokenTable } from '../../tokenizer/index.ts';
import type { AnswerToken } from '../app-model.ts';
import type { RunningAnswer } from './chat-record.ts';

/** Likeliest tokens that are noted at each place. */
export const NOTED_ALTERNATIVES = 6;
/** Answers whose tokens are remembered, the newest. */
const MAX_ANSWERS = 32;

/** A token as it was drawn, and what was likely in its place. */
export type NotedToken = Pick<GeneratedToken, 'id' | 'logprob' | 'top'>;

export interface NotedAnswer {
  readonly running: RunningAnswer;
  /** By the place in `running.ids`; undefined where a page drew it that went before the answer's end. */
  readonly tokens: readonly (NotedToken | undefined)[];
}

/** The tokens of a conversation's newest answers, and what might have stood in their places. */
export class AnswerTokens {
  readonly #answers: Signal<ReadonlyMap<number, NotedAnswer>> = signal(new Map());

  /**
   * Remembers an answer as far as it has come.
   * @param running - all of its tokens
   * @param drawn - the last of them, as they were drawn now
   * @returns what is remembered of it
   */
  note(messageId: number, running: RunningAnswer, drawn: readonly NotedToken[]): NotedAnswer {
    const first = running.ids.length - drawn.length;
    const before = this.#answers.value.get(messageId)?.tokens ?? [];
    const tokens = Array.from({ length: Math.max(0, first) }, (_, place) => before[place]);
    const noted = { running, tokens: [...tokens, ...drawn.map(({ id, logprob, top }) => ({ id, logprob, top }))] };
    const others = [...this.#answers.value].filter(([id]) => id !== messageId);
    this.#answers.value = new Map([...others.slice(1 - MAX_ANSWERS), [messageId, noted]]);
    return noted;
  }

  /** Remembers what earlier pages have noted, the newest last. */
  take(earlier: ReadonlyMap<number, NotedAnswer>): void {
    const all = new Map([...earlier, ...this.#answers.value]);
    this.#answers.value = new Map([...all].slice(-MAX_ANSWERS));
  }

  has(messageId: number): boolean {
    return (this.#answers.value.get(messageId)?.running.ids.length ?? 0) > 0;
  }

  /** Of a message, in order; none where nothing is remembered of it. */
  rows(messageId: number, table: TokenTable): readonly AnswerToken[] {
    const { running, tokens } = this.#answers.value.get(messageId) ?? {};
    if (!running || !tokens) return [];
    return running.ids.map((id, place) => {
      const noted = tokens[place];
      const others = noted?.top.filter((other) => other.id !== id) ?? [];
      return {
        text: textOf(table, id),
        share: noted && Math.exp(noted.logprob),
        others: others.map((other) => ({ text: textOf(table, other.id), share: Math.exp(other.logprob) })),
      };
    });
  }

  /**
   * What an answer begins with that goes on from a place of another.
   * @param other - which of the row's others stands there; undefined to draw anew
   */
  begin(messageId: number, place: number, other: number | undefined): RunningAnswer | undefined {
    const { running, tokens } = this.#answers.value.get(messageId) ?? {};
    if (!running || !tokens || place >= running.ids.length) return undefined;
    const ids = running.ids.slice(0, place);
    if (other === undefined) return { ...running, ids };
    const chosen = tokens[place]?.top.filter(({ id }) => id !== running.ids[place])[other];
    return chosen && { ...running, ids: [...ids, chosen.id] };
  }
}

function textOf(table: TokenTable, id: number): string {
  return new TextDecoder().decode(table.bytes(id));
}
